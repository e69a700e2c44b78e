// costs.cc: measures with a loop that looks, and with two threads that wake each other in turn.

#include "sys/costs.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "sys/futex.h"
#include "sys/monotonic.h"
#include "sys/thread.h"

namespace hv {
namespace {

constexpr int kRounds = 8;
constexpr int kLoops = 4;
constexpr int kLooks = 128;
constexpr size_t kPages = 16;
constexpr size_t kPageBytes = 4096;

constexpr uint32_t kMine = 0, kTheirs = 1, kEnd = 2;

double NowNs() { return static_cast<double>(MonotonicNs()); }

// The processors that this thread may use, except its current one. False: there are none.
bool OtherProcessors(cpu_set_t& others) {
  if (::sched_getaffinity(0, sizeof(others), &others) != 0) return false;
  CPU_CLR(static_cast<size_t>(::sched_getcpu()), &others);
  return CPU_COUNT(&others) > 0;
}

void HandOver(std::atomic<uint32_t>& turn, uint32_t whose) {
  turn = whose;
  FutexWake(turn);
}

void Await(std::atomic<uint32_t>& turn, uint32_t not_yet) {
  while (turn == not_yet) FutexWait(turn, not_yet);
}

// The same without sleeping. Waiting yields now and then: the other thread may need this processor to start or to go on.
void Store(std::atomic<uint32_t>& turn, uint32_t whose) { turn = whose; }

void LookFor(std::atomic<uint32_t>& turn, uint32_t not_yet) {
  for (int looks = 0; turn.load(std::memory_order_acquire) == not_yet; looks++) {
    Pause();
    if (looks % kLooks == kLooks - 1) ::sched_yield();
  }
}

// Hands a word to a thread on another processor and back; the fastest of several rounds. None: there is no other processor.
template <typename Give, typename Take>
std::optional<double> RoundTripNs(int rounds, Give give, Take take) {
  cpu_set_t others;
  if (!OtherProcessors(others)) return std::nullopt;
  std::atomic<uint32_t> turn{kTheirs};
  std::thread other = StartThread({}, [&] {
    ::sched_setaffinity(0, sizeof(others), &others);
    while (turn != kEnd) {
      give(turn, kMine);
      take(turn, kMine);
    }
  });
  // The other thread runs now, on its own processor.
  take(turn, kTheirs);
  double fastest = std::numeric_limits<double>::infinity();
  for (int round = 0; round < rounds; round++) {
    const double start = NowNs();
    give(turn, kTheirs);
    take(turn, kTheirs);
    fastest = std::min(fastest, NowNs() - start);
  }
  give(turn, kEnd);
  other.join();
  return fastest;
}

}  // namespace

double LookNs() {
  std::atomic<uint32_t> word{0};
  double fastest = std::numeric_limits<double>::infinity();
  for (int loop = 0; loop < kLoops; loop++) {
    const double start = NowNs();
    for (int i = 0; i < kLooks && word.load(std::memory_order_acquire) == 0; i++) Pause();
    fastest = std::min(fastest, (NowNs() - start) / kLooks);
  }
  return fastest;
}

double PageNs() {
  std::vector<uint8_t> pages(2 * kPages * kPageBytes);
  double fastest = std::numeric_limits<double>::infinity();
  for (int loop = 0; loop < kLoops; loop++) {
    const double start = NowNs();
    for (size_t i = 0; i < kPages; i++) {
      std::memcpy(&pages[2 * i * kPageBytes], &pages[(2 * i + 1) * kPageBytes], kPageBytes);
      // As if the bytes were read.
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    fastest = std::min(fastest, (NowNs() - start) / kPages);
  }
  return fastest;
}

std::optional<double> HandOverNs() { return RoundTripNs(kLooks, Store, LookFor); }

std::optional<double> WakeUpNs() {
  const std::optional<double> ns = RoundTripNs(kRounds, HandOver, Await);
  return ns ? std::optional(*ns / 2) : std::nullopt;
}

}  // namespace hv
