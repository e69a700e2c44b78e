// watchdog.cc: the watchdog of the command's process. src/launch/addon.ts has its types.

#include "sys/watchdog.h"

#include "napi/bind.h"
#include "napi/exports.h"

namespace hv {
namespace {

// One run at a time may end the process: the command's, never the library's.
std::unique_ptr<Watchdog> watchdog;

void StartWatchdog(double deadline_ns, int status, std::string line) {
  // Some 290 years: no time-out.
  constexpr double kLatest = 9e18;
  watchdog.reset();
  watchdog = std::make_unique<Watchdog>(static_cast<int64_t>(std::clamp(deadline_ns, 0.0, kLatest)),
                                        status, std::move(line));
}

void StopWatchdog() { watchdog.reset(); }

}  // namespace

void ExportWatchdog(Napi::Env, Napi::Object exports) {
  Export<StartWatchdog>(exports, "startWatchdog");
  Export<StopWatchdog>(exports, "stopWatchdog");
}

}  // namespace hv
