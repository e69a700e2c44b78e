// misbehave.c: the errors that only arm64 can make: wide, pair, hypercall, fault; and its vectors.

#include "misbehave.h"

#include "io.h"

void misbehave_here(const char *how) {
  if (is(how, "wide")) {
    __asm__ volatile("str xzr, [%0]" : : "r"((unsigned long)SERIAL_DATA) : "memory");
  }
  // KVM learns neither the size nor the registers of this access.
  if (is(how, "pair")) __asm__ volatile("stp xzr, xzr, [%0]" : : "r"(NOWHERE) : "memory");
  if (is(how, "hypercall")) call_below(0xc3000001, 0);
  static const unsigned long vector[2] = VECTOR;
  if (is(how, "vectors")) __asm__ volatile("ldr q0, %0" : : "m"(vector));
  if (is(how, "fault")) __asm__ volatile("udf #0");
}
