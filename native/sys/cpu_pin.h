// cpu_pin.h: keeps the calling thread, and what it starts, on one processor.
#pragma once

#include <sched.h>

#include <atomic>

namespace hv {

// For a tracer and its tracee: only one of them runs at a time, and waking another processor for each stop costs five times
// as much as the stop. Pins of one process take its processors in turn. The first takes the current one, which the scheduler
// chose with regard to other processes. Where the host forbids it, nothing is pinned.
class CpuPin {
 public:
  CpuPin() {
    if (::sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
    int count = CPU_COUNT(&before_);
    if (count <= 1) return;
    static std::atomic<unsigned> next{Rank(::sched_getcpu())};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(NthCpu(static_cast<int>(next++ % static_cast<unsigned>(count))), &one);
    pinned_ = ::sched_setaffinity(0, sizeof(one), &one) == 0;
  }
  // The processors that the thread could use, except the one that it is pinned to; none when it is not pinned.
  cpu_set_t Others() const {
    cpu_set_t others;
    CPU_ZERO(&others);
    cpu_set_t here;
    if (pinned_ && ::sched_getaffinity(0, sizeof(here), &here) == 0)
      CPU_XOR(&others, &before_, &here);
    return others;
  }
  CpuPin(const CpuPin&) = delete;
  CpuPin& operator=(const CpuPin&) = delete;
  // Precondition: called on the thread that was pinned.
  ~CpuPin() {
    if (pinned_) ::sched_setaffinity(0, sizeof(before_), &before_);
  }

 private:
  // How many of the processors come before `end`.
  unsigned Rank(int end) const {
    unsigned rank = 0;
    for (int cpu = 0; cpu < end; cpu++) rank += CPU_ISSET(cpu, &before_) ? 1 : 0;
    return rank;
  }
  int NthCpu(int n) const {
    for (int cpu = 0;; cpu++) {
      if (CPU_ISSET(cpu, &before_) && n-- == 0) return cpu;
    }
  }

  cpu_set_t before_;
  bool pinned_ = false;
};

}  // namespace hv
