// host_terminal.cc: the terminal that hv was started in, and its modes. Contract: src/vfs/host-addon.ts.

#include "napi/host_call.h"
#include "sys/terminal_guard.h"

namespace hv {
namespace {

// guardTerminal(fd): 0.
napi_value Guard(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.Return(GuardTerminal(call.Fd(0)));
}

// beginTerminalChange(): 0.
napi_value BeginChange(napi_env env, napi_callback_info info) {
  return HostCall(env, info).Return(BeginTerminalChange());
}

// endTerminalChange(): 0.
napi_value EndChange(napi_env env, napi_callback_info info) {
  return HostCall(env, info).Return(EndTerminalChange());
}

// restoreTerminal(): 0.
napi_value Restore(napi_env env, napi_callback_info info) {
  RestoreTerminal();
  return HostCall(env, info).Return(0);
}

// returnToTerminal(): 0.
napi_value Return(napi_env env, napi_callback_info info) {
  ReturnToTerminal();
  return HostCall(env, info).Return(0);
}

// isTerminalForeground(fd): 1 or 0.
napi_value IsForeground(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.Return(IsTerminalForeground(call.Fd(0)));
}

// hostFlags(fd): the status flags of what is open, fcntl(F_GETFL).
napi_value Flags(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  return call.ReturnCall(::fcntl(call.Fd(0), F_GETFL));
}

}  // namespace

void ExportHostTerminal(napi_env env, napi_value exports) {
  ExportHostCall(env, exports, "guardTerminal", Guard);
  ExportHostCall(env, exports, "beginTerminalChange", BeginChange);
  ExportHostCall(env, exports, "endTerminalChange", EndChange);
  ExportHostCall(env, exports, "restoreTerminal", Restore);
  ExportHostCall(env, exports, "returnToTerminal", Return);
  ExportHostCall(env, exports, "isTerminalForeground", IsForeground);
  ExportHostCall(env, exports, "hostFlags", Flags);
}

}  // namespace hv
