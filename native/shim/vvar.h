// vvar.h: the page directly below the vDSO: the sentry (src/sentry/time/clock.ts) writes it, the guest's vDSO reads it.
#pragma once

#include <stdint.h>

#define VVAR_PAGE_SIZE 4096

// Values of `mode`.
#define VVAR_SYSCALLS 0  // The host's cycle counter is not a clock: the vDSO makes the system call.
#define VVAR_CYCLES 1

// nanoseconds = base + (((cycles - base_cycles) * mult) >> VVAR_SHIFT), the product in 128 bits.
#define VVAR_SHIFT 32

// All words are little-endian; `sequence` is odd while the rest is being written, and changes with every write.
struct Vvar {
  uint32_t sequence;         // 0
  uint32_t mode;             // 4
  uint64_t base_cycles;      // 8: the guest's counter
  uint64_t mult;             // 16: of CLOCK_MONOTONIC
  uint64_t raw_mult;         // 24: of CLOCK_MONOTONIC_RAW, which NTP does not slew
  uint64_t monotonic_ns;     // 32: at base_cycles
  uint64_t raw_ns;           // 40: at base_cycles
  uint64_t realtime_offset;  // 48: ns to add to CLOCK_MONOTONIC, modulo 2^64
  uint64_t boottime_offset;  // 56
  uint64_t tai_offset;       // 64
};
