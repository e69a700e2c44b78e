// clock.cc: the host's clocks: clock_gettime(2); and what some operations cost on it.

#include <time.h>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/costs.h"

namespace hv {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

timespec Read(clockid_t id) {
  timespec now;
  if (clock_gettime(id, &now) != 0)
    throw std::system_error(errno, std::generic_category(), "clock_gettime");
  return now;
}

// CLOCK_MONOTONIC in nanoseconds. A double is exact for the first 104 days of uptime, and good to 2 ns after.
double MonotonicNs() {
  timespec now = Read(CLOCK_MONOTONIC);
  return static_cast<double>(now.tv_sec) * kNanosecondsPerSecond + static_cast<double>(now.tv_nsec);
}

// Stores seconds and nanoseconds.
void ReadClock(int32_t id, Napi::TypedArray out) {
  if (out.TypedArrayType() != napi_float64_array || out.ElementLength() < 2)
    throw std::invalid_argument("readClock: out is a Float64Array of two elements");
  const timespec now = Read(id);
  auto fields = out.As<Napi::Float64Array>();
  fields[0] = static_cast<double>(now.tv_sec);
  fields[1] = static_cast<double>(now.tv_nsec);
}

}  // namespace

void ExportClock(Napi::Env, Napi::Object exports) {
  Export<MonotonicNs>(exports, "monotonicNs");
  Export<LookNs>(exports, "lookNs");
  Export<PageNs>(exports, "pageNs");
  // Undefined where there is only one processor.
  Export<WakeUpNs>(exports, "wakeUpNs");
  Export<HandOverNs>(exports, "handOverNs");
  Export<ReadClock>(exports, "readClock");
}

}  // namespace hv
