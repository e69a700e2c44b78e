// addon.cc: the complete list of what JavaScript can see. Each napi/ file exports its own part.

#include <napi.h>

#include <cstring>

#include "napi/bind.h"
#include "napi/exports.h"
#include "shim/abi.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, HV_ABI_VERSION));
  hv::Export<[](int code) { return std::string(std::strerror(code)); }>(exports, "errorText");
  for (auto add_part :
       {hv::ExportBroker,   hv::ExportCheck,      hv::ExportClock,       hv::ExportEventfd,
        hv::ExportGdbPipes, hv::ExportHostFs,     hv::ExportHostSignals, hv::ExportImages,
        hv::ExportJail,     hv::ExportPageServer, hv::ExportPassing,     hv::ExportPtrace,
        hv::ExportRawIoctl, hv::ExportUserVm,     hv::ExportVcpu,        hv::ExportVcpuState,
        hv::ExportVm,       hv::ExportVmMemory,   hv::ExportWatchdog,    hv::ExportWatcher})
    add_part(env, exports);
  return exports;
}

NODE_API_MODULE(hv, Init)
