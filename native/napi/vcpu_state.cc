// vcpu_state.cc: what a debugger asks of a vCPU, for JavaScript. src/vm/addon.ts has the types.

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/vm_object.h"

namespace hv {
namespace {

// debugLimits(): DebugLimits of src/vm/addon.ts.
Napi::Value ReadDebugLimits(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return Guard(env, [&] {
    DebugLimits limits = arch::DebugLimitsOf(System());
    Napi::Object out = Napi::Object::New(env);
    out.Set("singleStep", Napi::Boolean::New(env, limits.single_step));
    out.Set("softwareBreakpoints", Napi::Boolean::New(env, limits.software_breakpoints));
    out.Set("breakpoints", Napi::Number::New(env, limits.breakpoints));
    out.Set("watchpoints", Napi::Number::New(env, limits.watchpoints));
    out.Set("shared", Napi::Boolean::New(env, limits.shared));
    return out;
  });
}

// debugVcpu(vcpu, singleStep, softwareBreakpoints, breakpoints: BigUint64Array, watchpoints: BigUint64Array of address, length
// and kind each).
void DebugVcpu(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    Napi::BigUint64Array breakpoints = info[3].As<Napi::BigUint64Array>();
    Napi::BigUint64Array watchpoints = info[4].As<Napi::BigUint64Array>();
    DebugRequest request = {info[1].ToBoolean(), info[2].ToBoolean(), {}, {}};
    for (size_t i = 0; i < breakpoints.ElementLength(); i++) {
      request.breakpoints.push_back(breakpoints[i]);
    }
    for (size_t i = 0; i + 2 < watchpoints.ElementLength(); i += 3) {
      WatchKind kind = static_cast<WatchKind>(uint64_t{watchpoints[i + 2]});
      request.watchpoints.push_back({watchpoints[i], watchpoints[i + 1], kind});
    }
    UnwrapVcpu(info[0]).Debug(std::move(request));
  });
}

}  // namespace

void ExportVcpuState(Napi::Env env, Napi::Object exports) {
  exports.Set("debugLimits", Napi::Function::New(env, ReadDebugLimits, "debugLimits"));
  exports.Set("debugVcpu", Napi::Function::New(env, DebugVcpu, "debugVcpu"));
}

}  // namespace hv
