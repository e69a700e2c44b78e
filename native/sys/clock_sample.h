// clock_sample.h: the host's clocks and its cycle counter, read together.
#pragma once

#include <cstdint>

namespace hv {

// Nanoseconds, except for the cycles. A clock and its cycles are the same instant, to some ten nanoseconds.
struct ClockSample {
  int64_t cycles;
  int64_t monotonic;
  int64_t raw_cycles;
  int64_t raw;
  // Added to CLOCK_MONOTONIC, these give the other clocks.
  int64_t realtime_offset;
  int64_t boottime_offset;
  int64_t tai_offset;
};

// Takes some microseconds. Throws std::system_error.
ClockSample SampleClocks();

// Whether the counter is fit to be a clock: constant, and running in every power state.
bool HostCyclesAreInvariant();

}  // namespace hv
