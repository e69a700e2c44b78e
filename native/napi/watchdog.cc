// watchdog.cc: the watchdog of the command's process. src/launch/addon.ts has its types.

#include "sys/watchdog.h"

#include <algorithm>
#include <memory>

#include "napi/exports.h"
#include "napi/guard.h"

namespace hv {
namespace {

// One run at a time may end the process: the command's, never the library's.
std::unique_ptr<Watchdog> watchdog;

// startWatchdog(deadlineNs, status, line)
void StartWatchdog(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    // Some 290 years: no time-out.
    constexpr double kLatest = 9e18;
    double deadline_ns = std::clamp(info[0].ToNumber().DoubleValue(), 0.0, kLatest);
    watchdog.reset();
    watchdog = std::make_unique<Watchdog>(static_cast<int64_t>(deadline_ns),
                                          info[1].ToNumber().Int32Value(), info[2].ToString());
  });
}

// stopWatchdog()
void StopWatchdog(const Napi::CallbackInfo&) { watchdog.reset(); }

}  // namespace

void ExportWatchdog(Napi::Env env, Napi::Object exports) {
  exports.Set("startWatchdog", Napi::Function::New(env, StartWatchdog));
  exports.Set("stopWatchdog", Napi::Function::New(env, StopWatchdog));
}

}  // namespace hv
