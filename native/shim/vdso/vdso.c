// vdso.c: the guest's clock without a trap: computes the time from counter and vvar page, or makes the system call if it cannot.
// It runs in guest user mode and knows nothing that the program may not know.

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include "../vvar.h"
#include "arch.h"

#define CONCAT(a, b) a##b
#define EXPAND(a, b) CONCAT(a, b)
#define VDSO(name) __attribute__((visibility("default"))) EXPAND(VDSO_PREFIX, name)

// linux/time.h and linux/types.h; not included: libc's and Linux's definitions clash.
enum {
  kRealtime = 0,
  kMonotonic = 1,
  kMonotonicRaw = 4,
  kRealtimeCoarse = 5,
  kMonotonicCoarse = 6,
  kBoottime = 7,
  kTai = 11,
};
#define NS_PER_SECOND 1000000000u
#define NS_PER_US 1000u

struct Timespec {
  int64_t seconds;
  int64_t nanoseconds;
};
struct Timeval {
  int64_t seconds;
  int64_t microseconds;
};
struct Timezone {
  int32_t minutes_west;
  int32_t dst;
};

// The linker's name for the start of the image.
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static inline const volatile struct Vvar* VvarPage(void) {
  const char* image = __ehdr_start;
  // SAFETY: the loader puts the page there (src/loader/layout.ts); C knows no objects below an array.
  __asm__("" : "+r"(image));
  return (const volatile struct Vvar*)(image - VVAR_PAGE_SIZE);
}

static inline uint64_t Scale(uint64_t cycles, uint64_t mult) {
  return (uint64_t)(((unsigned __int128)cycles * mult) >> VVAR_SHIFT);
}

// Returns 0, leaving `ns` alone, for a clock or a mode that needs the system call.
static inline int ReadClock(int clock, uint64_t* ns) {
  const volatile struct Vvar* vvar = VvarPage();
  for (;;) {
    uint32_t sequence = __atomic_load_n(&vvar->sequence, __ATOMIC_ACQUIRE);
    if (sequence & 1) {
      Pause();
      continue;
    }
    if (vvar->mode != VVAR_CYCLES) return 0;

    uint64_t now = ReadCycles();
    // Another CPU's counter may be a few cycles behind the one with which the page was written.
    uint64_t cycles = now - vvar->base_cycles;
    if ((int64_t)cycles < 0) cycles = 0;
    uint64_t value;
    switch (clock) {
      case kRealtime:
      case kRealtimeCoarse:
        value = vvar->monotonic_ns + Scale(cycles, vvar->mult) + vvar->realtime_offset;
        break;
      case kMonotonic:
      case kMonotonicCoarse:
        value = vvar->monotonic_ns + Scale(cycles, vvar->mult);
        break;
      case kMonotonicRaw:
        value = vvar->raw_ns + Scale(cycles, vvar->raw_mult);
        break;
      case kBoottime:
        value = vvar->monotonic_ns + Scale(cycles, vvar->mult) + vvar->boottime_offset;
        break;
      case kTai:
        value = vvar->monotonic_ns + Scale(cycles, vvar->mult) + vvar->tai_offset;
        break;
      default:
        return 0;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (vvar->sequence != sequence) continue;
    *ns = value;
    return 1;
  }
}

int VDSO(clock_gettime)(int clock, struct Timespec* time) {
  uint64_t ns;
  if (!ReadClock(clock, &ns)) return (int)SystemCall(__NR_clock_gettime, clock, (long)time, 0);

  time->seconds = (int64_t)(ns / NS_PER_SECOND);
  time->nanoseconds = (int64_t)(ns % NS_PER_SECOND);
  return 0;
}

int VDSO(gettimeofday)(struct Timeval* time, struct Timezone* zone) {
  uint64_t ns;
  if (!ReadClock(kRealtime, &ns)) {
    return (int)SystemCall(__NR_gettimeofday, (long)time, (long)zone, 0);
  }
  if (time != NULL) {
    time->seconds = (int64_t)(ns / NS_PER_SECOND);
    time->microseconds = (int64_t)(ns % NS_PER_SECOND / NS_PER_US);
  }
  // The kernel's time zone: unused since hardware clocks are in UTC.
  if (zone != NULL) *zone = (struct Timezone){0, 0};
  return 0;
}

// The resolution of the coarse clocks is the host's tick, which only the host knows.
int VDSO(clock_getres)(int clock, struct Timespec* resolution) {
  int fine = clock == kRealtime || clock == kMonotonic || clock == kMonotonicRaw ||
             clock == kBoottime || clock == kTai;
  if (!fine) return (int)SystemCall(__NR_clock_getres, clock, (long)resolution, 0);

  if (resolution != NULL) *resolution = (struct Timespec){0, 1};
  return 0;
}

// The sentry decides which CPU a guest thread runs on.
int VDSO(getcpu)(unsigned* cpu, unsigned* node, void* unused) {
  return (int)SystemCall(__NR_getcpu, (long)cpu, (long)node, (long)unused);
}

#ifdef __NR_time
int64_t VDSO(time)(int64_t* result) {
  uint64_t ns;
  if (!ReadClock(kRealtime, &ns)) return SystemCall(__NR_time, (long)result, 0, 0);

  int64_t seconds = (int64_t)(ns / NS_PER_SECOND);
  if (result != NULL) *result = seconds;
  return seconds;
}
#endif
