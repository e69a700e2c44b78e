// io.h: port instructions, and the ports of hv's bare machine.
#pragma once

enum {
  SERIAL_DATA = 0x3f8,
  SERIAL_LINE_STATUS = 0x3fd,
  SERIAL_MODEM_STATUS = 0x3fe,
  EXIT_PORT = 0xf4,
};
enum {
  DATA_READY = 0x01,      // line status
  CARRIER_DETECT = 0x80,  // modem status
};

static inline void out8(unsigned short port, unsigned char value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline unsigned char in8(unsigned short port) {
  unsigned char value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
