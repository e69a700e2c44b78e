// misbehave.c: the errors that only x86_64 can make: port, port-read, wide, fault, halt; and its vectors.

#include "misbehave.h"

#include "io.h"

enum { UNKNOWN_PORT = 0x1234 };

void misbehave_here(const char *how) {
  if (is(how, "port")) out8(UNKNOWN_PORT, 0x56);
  if (is(how, "port-read")) in8(UNKNOWN_PORT);
  if (is(how, "wide")) {
    __asm__ volatile("outl %0, %1" : : "a"(0), "d"((unsigned short)SERIAL_DATA));
  }
  static const unsigned long vector[2] = VECTOR;
  if (is(how, "vectors")) __asm__ volatile("movups %0, %%xmm0" : : "m"(vector));
  // There is no IDT: the fault, and the double fault after it, find no gate.
  if (is(how, "fault")) __asm__ volatile("ud2");
  if (is(how, "halt")) __asm__ volatile("hlt");
}
