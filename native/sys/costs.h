// costs.h: what the things that platforms choose between cost on this host. Measured, as machines differ by a factor of twenty.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace hv {

// A hint to the processor that this is a loop that waits.
inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  // SAFETY: no operands. YIELD takes no time on most cores: ISB is what waits there, and what the shim's loop uses.
  asm volatile("isb");
#endif
}

// The time of one look in a loop that waits for a word, the shim's too.
double LookNs();

// The time to copy a page of memory.
double PageNs();

// The time to hand a word to a thread that looks for it on another processor, and back: the fastest of several. None where this
// thread may use only one processor.
std::optional<double> HandOverNs();

// The time from a thread's wake-up until it runs on another processor: half of a round trip, the fastest of several. None where
// this thread may use only one processor. Takes about as long as some twenty wake-ups.
std::optional<double> WakeUpNs();

}  // namespace hv
