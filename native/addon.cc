// addon.cc: the complete list of what JavaScript can see. Each napi/ file exports its own part.

#include <napi.h>

#include "napi/exports.h"
#include "shim/abi.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, HV_ABI_VERSION));
  hv::ExportCheck(env, exports);
  hv::ExportClock(env, exports);
  hv::ExportEventfd(env, exports);
  hv::ExportHostFs(env, exports);
  hv::ExportHostSignals(env, exports);
  hv::ExportImages(env, exports);
  hv::ExportJail(env, exports);
  hv::ExportPassing(env, exports);
  hv::ExportPtrace(env, exports);
  hv::ExportTap(env, exports);
  hv::ExportUserVm(env, exports);
  hv::ExportVcpu(env, exports);
  hv::ExportVcpuState(env, exports);
  hv::ExportVm(env, exports);
  hv::ExportVmMemory(env, exports);
  hv::ExportWatchdog(env, exports);
  hv::ExportWatcher(env, exports);
  return exports;
}

NODE_API_MODULE(hv, Init)
