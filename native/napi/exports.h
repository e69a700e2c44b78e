// exports.h: one function per napi/ file, each adding its part to the addon's exports.
#pragma once

#include <napi.h>

namespace hv {

void ExportBroker(Napi::Env env, Napi::Object exports);
void ExportCheck(Napi::Env env, Napi::Object exports);
void ExportClock(Napi::Env env, Napi::Object exports);
void ExportEventfd(Napi::Env env, Napi::Object exports);
void ExportGdbPipes(Napi::Env env, Napi::Object exports);
void ExportHostFs(Napi::Env env, Napi::Object exports);
void ExportHostSignals(Napi::Env env, Napi::Object exports);
void ExportImages(Napi::Env env, Napi::Object exports);
void ExportJail(Napi::Env env, Napi::Object exports);
void ExportPageServer(Napi::Env env, Napi::Object exports);
void ExportPassing(Napi::Env env, Napi::Object exports);
void ExportPtrace(Napi::Env env, Napi::Object exports);
void ExportRawIoctl(Napi::Env env, Napi::Object exports);
void ExportUserVm(Napi::Env env, Napi::Object exports);
void ExportVcpu(Napi::Env env, Napi::Object exports);
void ExportVcpuState(Napi::Env env, Napi::Object exports);
void ExportVm(Napi::Env env, Napi::Object exports);
void ExportVmMemory(Napi::Env env, Napi::Object exports);
void ExportWatchdog(Napi::Env env, Napi::Object exports);
void ExportWatcher(Napi::Env env, Napi::Object exports);

}  // namespace hv
