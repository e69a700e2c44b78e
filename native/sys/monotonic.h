// monotonic.h: the time by CLOCK_MONOTONIC and other clocks, in nanoseconds.
#pragma once

#include <time.h>

#include <cstdint>

namespace hv {

inline int64_t ClockNs(clockid_t clock) {
  timespec now;
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline int64_t MonotonicNs() { return ClockNs(CLOCK_MONOTONIC); }

}  // namespace hv
