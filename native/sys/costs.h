// costs.h: what this host takes for what the platforms choose between. Measured, as machines differ by a factor of twenty.
#ifndef HV_SYS_COSTS_H_
#define HV_SYS_COSTS_H_

#include <atomic>
#include <cstdint>
#include <optional>

namespace hv {

// A hint to the processor that this is a loop that waits.
inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  // SAFETY: no operands. YIELD takes no time on most cores: ISB is what waits there, and what the shim's loop has.
  asm volatile("isb");
#endif
}

// One look of a loop that waits for a word, the shim's too.
double LookNs();

// A page of memory copied.
double PageNs();

// A word that is handed to another processor, where a thread looks for it, and back: the fastest of some. None where this thread may have
// one processor only.
std::optional<double> HandOverNs();

// From a thread's wake-up until it runs on another processor: half of a round trip, the fastest of some. None where this
// thread may have one processor only. Takes about as long as some twenty wake-ups.
std::optional<double> WakeUpNs();

}  // namespace hv

#endif  // HV_SYS_COSTS_H_
