// clock.cc: the host's clocks: clock_gettime(2); and what some operations cost on it.

#include <time.h>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/costs.h"
#include "sys/ioctl.h"
#include "sys/monotonic.h"

namespace hv {
namespace {

// Stores seconds and nanoseconds.
void ReadClock(int32_t id, Napi::TypedArray out) {
  if (out.TypedArrayType() != napi_float64_array || out.ElementLength() < 2)
    throw std::invalid_argument("readClock: out is a Float64Array of two elements");
  timespec now;
  Check(clock_gettime(id, &now), "clock_gettime");
  auto fields = out.As<Napi::Float64Array>();
  fields[0] = static_cast<double>(now.tv_sec);
  fields[1] = static_cast<double>(now.tv_nsec);
}

}  // namespace

void ExportClock(Napi::Env, Napi::Object exports) {
  // A double is exact for the first 104 days of uptime, and good to 2 ns after.
  Export<MonotonicNs>(exports, "monotonicNs");
  Export<LookNs>(exports, "lookNs");
  Export<PageNs>(exports, "pageNs");
  // Undefined where there is only one processor.
  Export<WakeUpNs>(exports, "wakeUpNs");
  Export<HandOverNs>(exports, "handOverNs");
  Export<ReadClock>(exports, "readClock");
}

}  // namespace hv
