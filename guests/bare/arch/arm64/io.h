// io.h: the devices of hv's bare machine, and calls to the hypervisor or firmware below.
#pragma once

enum {
  SERIAL_DATA = 0x09000000,
  SERIAL_FLAGS = 0x09000018,
  EXIT_STATUS = 0x09f00000,
};
enum {
  CARRIER_DETECT = 0x04,
  RECEIVER_EMPTY = 0x10,
};
enum { PSCI_SYSTEM_OFF = 0x84000008 };

// One register, no write-back: a hypervisor gets no description of other accesses to devices (Arm ARM, ESR_EL2.ISV).
static inline void store32(unsigned long address, unsigned value) {
  __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline unsigned load32(unsigned long address) {
  unsigned value;
  __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
  return value;
}

static inline unsigned exception_level(void) {
  unsigned long level;
  __asm__("mrs %0, CurrentEL" : "=r"(level));
  return level >> 2;
}

// The SMC Calling Convention: HVC from EL1; SMC from EL2, which is where HVC leads.
static inline long call_below(unsigned number, unsigned long argument) {
  register unsigned long x0 __asm__("x0") = number;
  register unsigned long x1 __asm__("x1") = argument;
  if (exception_level() == 2) {
    __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1) : : "x2", "x3", "memory");
  } else {
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1) : : "x2", "x3", "memory");
  }
  return (long)x0;
}
