// spin_limit.h: how long a thread looks for what another one brings before it sleeps: as long as its wake-ups take here. Whenever
// the other comes, that costs at most twice what the better of looking and sleeping would have cost, if each has a processor.
// Looking keeps one from the other where they share it: a thread that looks in vain soon looks less and less.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "sys/costs.h"
#include "sys/monotonic.h"

namespace hv {

// Not shared: each thread has its own.
class SpinLimit {
 public:
  // A wake-up took so long. What counts is the typical one, which few long ones do not change: a step towards each.
  void Woke(int64_t ns) {
    if (typical_ns_ == 0) typical_ns_ = ns;
    int64_t step = typical_ns_ / 8 + 1;
    typical_ns_ = std::clamp<int64_t>(typical_ns_ + (ns > typical_ns_ ? step : -step), 1, kMostNs);
  }

  // 0 before the first wake-up, and where the two threads cannot run at once.
  int64_t ns() const { return can_look_ ? typical_ns_ : 0; }

  // True: `word` got another value than `value` in time.
  template <typename Word>
  bool Look(const std::atomic<Word>& word, Word value) {
    if (word.load(std::memory_order_acquire) != value) return true;
    if (ns() == 0) return false;
    if (skips_left_ > 0) {
      skips_left_--;
      return false;
    }
    for (int64_t end = MonotonicNs() + ns(); MonotonicNs() < end;) {
      for (int i = 0; i < kLooks; i++) {
        Pause();
        if (word.load(std::memory_order_acquire) == value) continue;
        skips_ = 0;
        return true;
      }
    }
    skips_ = std::min(2 * skips_ + 1, kMostSkips);
    skips_left_ = skips_;
    return false;
  }

 private:
  // Whoever sleeps longer is behind others that want the processor.
  static constexpr int64_t kMostNs = 1'000'000;
  // Between two looks at the clock.
  static constexpr int kLooks = 8;
  // Then a look in vain adds little to each wait.
  static constexpr int kMostSkips = 255;

  static bool HasProcessors() {
    cpu_set_t usable;
    return ::sched_getaffinity(0, sizeof(usable), &usable) == 0 && CPU_COUNT(&usable) > 1;
  }

  int64_t typical_ns_ = 0;
  // How many waits go without a look behind the last one in vain, and how many of them are left.
  int skips_ = 0;
  int skips_left_ = 0;
  bool can_look_ = HasProcessors();
};

}  // namespace hv
