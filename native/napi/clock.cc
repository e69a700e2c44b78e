// clock.cc: the host's clocks: clock_gettime(2); and what some operations cost on it.

#include <time.h>

#include "napi/exports.h"
#include "napi/guard.h"
#include "sys/costs.h"

namespace hv {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

timespec Read(clockid_t id, const char* what) {
  timespec now;
  if (clock_gettime(id, &now) != 0) throw std::system_error(errno, std::generic_category(), what);
  return now;
}

// monotonicNs(): CLOCK_MONOTONIC in nanoseconds. A double is exact for the first 104 days of uptime, and good to 2 ns after.
Napi::Value MonotonicNs(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    timespec now = Read(CLOCK_MONOTONIC, "clock_gettime");
    double ns =
        static_cast<double>(now.tv_sec) * kNanosecondsPerSecond + static_cast<double>(now.tv_nsec);
    return Napi::Number::New(info.Env(), ns);
  });
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
    timespec now = Read(info[0].As<Napi::Number>().Int32Value(), "clock_gettime");
    auto out = info[1].As<Napi::Float64Array>();
    out[0] = static_cast<double>(now.tv_sec);
    out[1] = static_cast<double>(now.tv_nsec);
    return info.Env().Undefined();
  });
}

// Returns undefined where there is only one processor.
template <std::optional<double> (*Measure)()>
Napi::Value MeasureOther(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const std::optional<double> ns = Measure();
    return ns ? Napi::Number::New(info.Env(), *ns) : info.Env().Undefined();
  });
}

Napi::Value MeasureLook(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), LookNs()); });
}

Napi::Value MeasurePage(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), PageNs()); });
}

}  // namespace

void ExportClock(Napi::Env env, Napi::Object exports) {
  exports.Set("monotonicNs", Napi::Function::New(env, MonotonicNs, "monotonicNs"));
  exports.Set("lookNs", Napi::Function::New(env, MeasureLook, "lookNs"));
  exports.Set("pageNs", Napi::Function::New(env, MeasurePage, "pageNs"));
  exports.Set("wakeUpNs", Napi::Function::New(env, MeasureOther<WakeUpNs>, "wakeUpNs"));
  exports.Set("handOverNs", Napi::Function::New(env, MeasureOther<HandOverNs>, "handOverNs"));
  exports.Set("readClock", Napi::Function::New(env, ReadClock, "readClock"));
}

}  // namespace hv
