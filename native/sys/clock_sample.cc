// clock_sample.cc: brackets each clock between two reads of another one, and keeps the tightest of several tries.

#include "sys/clock_sample.h"

#include <time.h>

#include <limits>

#include "sys/ioctl.h"
#if defined(__x86_64__)
#include "shim/vdso/x86_64/arch.h"
#elif defined(__aarch64__)
#include "shim/vdso/arm64/arch.h"
#endif

namespace hv {
namespace {

constexpr int kTries = 5;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

int64_t Now(clockid_t clock) {
  timespec time;
  Check(clock_gettime(clock, &time), "clock_gettime");
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

struct Pair {
  int64_t ruler;
  int64_t clock;
};

// `ruler` is read before and after `clock`; an interrupt or a migration between them makes a wide bracket.
template <typename Ruler>
Pair Bracket(Ruler ruler, clockid_t clock) {
  Pair best{};
  int64_t best_width = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < kTries; i++) {
    int64_t before = ruler();
    int64_t value = Now(clock);
    int64_t width = ruler() - before;
    if (width < 0 || width >= best_width) continue;
    best_width = width;
    best = {before + width / 2, value};
  }
  return best;
}

int64_t Offset(clockid_t clock) {
  Pair pair = Bracket([] { return Now(CLOCK_MONOTONIC); }, clock);
  return pair.clock - pair.ruler;
}

}  // namespace

ClockSample SampleClocks() {
  auto cycles = [] { return static_cast<int64_t>(ReadCycles()); };
  Pair monotonic = Bracket(cycles, CLOCK_MONOTONIC);
  Pair raw = Bracket(cycles, CLOCK_MONOTONIC_RAW);
  return {monotonic.ruler,        monotonic.clock,        raw.ruler,        raw.clock,
          Offset(CLOCK_REALTIME), Offset(CLOCK_BOOTTIME), Offset(CLOCK_TAI)};
}

bool HostCyclesAreInvariant() { return CyclesAreInvariant() != 0; }

}  // namespace hv
