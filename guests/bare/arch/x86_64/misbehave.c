// misbehave.c: what only x86_64 can do wrong.

#include "io.h"

enum { UNKNOWN_PORT = 0x1234 };

void touch_unknown_port(void) { out8(UNKNOWN_PORT, 0x56); }

void read_unknown_port(void) { in8(UNKNOWN_PORT); }

void access_serial_wide(void) {
  __asm__ volatile("outl %0, %1" : : "a"(0), "d"((unsigned short)SERIAL_DATA));
}

// There is no IDT: the fault, and the double fault after it, find no gate.
void fault_without_handler(void) { __asm__ volatile("ud2"); }

void halt(void) { __asm__ volatile("hlt"); }
