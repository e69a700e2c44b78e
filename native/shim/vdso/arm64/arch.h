// arch.h: what the vDSO, and the host that calibrates it, need on arm64: names, the cycle counter, a system call.
#pragma once

#include <stdint.h>

// man 7 vdso, AArch64 functions.
#define VDSO_VERSION "LINUX_2.6.39"
#define VDSO_PREFIX __kernel_

// The barriers keep the read between the two reads of the sequence (Arm ARM D12.1.2).
static inline uint64_t ReadCycles(void) {
  uint64_t cycles;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(cycles) : : "memory");
  return cycles;
}

static inline long SystemCall(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

// The generic timer's counter is always invariant (Arm ARM D12.1.2).
static inline int CyclesAreInvariant(void) { return 1; }

static inline void Pause(void) { __asm__ volatile("yield" : : : "memory"); }
