// machine.c: machine.h over ports.

#include "machine.h"

#include "io.h"

void put(const char *bytes, unsigned long length) {
  __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(length) : "d"(SERIAL_DATA) : "memory");
}

int get(void) {
  for (;;) {
    if (in8(SERIAL_LINE_STATUS) & DATA_READY) return in8(SERIAL_DATA);
    if (!(in8(SERIAL_MODEM_STATUS) & CARRIER_DETECT)) return -1;
  }
}

void finish(unsigned status) {
  for (;;) out8(EXIT_PORT, (unsigned char)status);
}
