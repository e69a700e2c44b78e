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

// readClock(id, out): stores seconds in out[0] and nanoseconds in out[1].
Napi::Value ReadClock(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsTypedArray()) {
      throw std::invalid_argument("readClock(id: number, out: Float64Array)");
    }
    auto array = info[1].As<Napi::TypedArray>();
    if (array.TypedArrayType() != napi_float64_array || array.ElementLength() < 2) {
      throw std::invalid_argument("readClock: out is a Float64Array of two elements");
    }
    timespec now = Read(info[0].As<Napi::Number>().Int32Value());
    auto out = info[1].As<Napi::Float64Array>();
    out[0] = static_cast<double>(now.tv_sec);
    out[1] = static_cast<double>(now.tv_nsec);
    return info.Env().Undefined();
  });
}

}  // namespace

void ExportClock(Napi::Env env, Napi::Object exports) {
  Export<MonotonicNs>(exports, "monotonicNs");
  Export<LookNs>(exports, "lookNs");
  Export<PageNs>(exports, "pageNs");
  // Undefined where there is only one processor.
  Export<WakeUpNs>(exports, "wakeUpNs");
  Export<HandOverNs>(exports, "handOverNs");
  exports.Set("readClock", Napi::Function::New(env, ReadClock, "readClock"));
}

}  // namespace hv
