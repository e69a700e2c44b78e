// arch.h: what the vDSO, and the host that calibrates it, need on x86_64: names, the cycle counter, a system call.
#pragma once

#include <cpuid.h>
#include <stdint.h>

// man 7 vdso, x86-64 functions.
#define VDSO_VERSION "LINUX_2.6"
#define VDSO_PREFIX __vdso_

// The fences keep the read between the two reads of the sequence (SDM vol. 2, RDTSC; AMD's LFENCE serializes too).
static inline uint64_t ReadCycles(void) {
  uint32_t low, high;
  __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
  return (uint64_t)high << 32 | low;
}

static inline long SystemCall(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

// Whether the counter has one rate in every power state (AMD APM vol. 3, Fn8000_0007_EDX bit 8; SDM vol. 3, 18.17.1).
static inline int CyclesAreInvariant(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
}

static inline void Pause(void) { __asm__ volatile("pause" : : : "memory"); }
