// vcpu_state.cc: debugging, saved state, MSRs and vector registers of vCPUs for JavaScript. src/vm/addon.ts has the types.

#include <algorithm>
#include <cstring>

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

// debugVcpu(vcpu, singleStep, softwareBreakpoints, breakpoints: BigUint64Array, watchpoints: BigUint64Array: address, length
// and kind of each).
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

Napi::Value ToUint8Array(Napi::Env env, const Bytes& bytes) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(out.Data(), bytes.data(), bytes.size());
  return out;
}

// A copy: JavaScript's memory may change while KVM reads.
Bytes ToBytes(const Napi::Value& value) {
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

template <typename Target>
Napi::Value NamesOf(Napi::Env env, const std::vector<StatePart<Target>>& parts) {
  Napi::Array names = Napi::Array::New(env, parts.size());
  for (uint32_t i = 0; i < parts.size(); i++) names.Set(i, Napi::String::New(env, parts[i].name));
  return names;
}

// readVcpuPart(vcpu, part): no bytes when there is no such part. Like the others here it starts the interrupt controller.
Napi::Value ReadVcpuPart(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    Vcpu& vcpu = UnwrapVcpu(info[0]);
    vcpu.vm().Start();
    const auto& part = arch::VcpuParts().at(info[1].ToNumber().Uint32Value());
    return ToUint8Array(info.Env(), part.read(vcpu));
  });
}

// writeVcpuPart(vcpu, part, bytes)
void WriteVcpuPart(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    Vcpu& vcpu = UnwrapVcpu(info[0]);
    vcpu.vm().Start();
    arch::VcpuParts().at(info[1].ToNumber().Uint32Value()).write(vcpu, ToBytes(info[2]));
  });
}

// readVmPart(vm, part), writeVmPart(vm, part, bytes)
Napi::Value ReadVmPart(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    std::shared_ptr<Vm> vm = UnwrapVm(info[0]);
    vm->Start();
    const auto& part = arch::VmParts().at(info[1].ToNumber().Uint32Value());
    return ToUint8Array(info.Env(), part.read(*vm));
  });
}

void WriteVmPart(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    std::shared_ptr<Vm> vm = UnwrapVm(info[0]);
    vm->Start();
    arch::VmParts().at(info[1].ToNumber().Uint32Value()).write(*vm, ToBytes(info[2]));
  });
}

// readVectors(vcpu), writeVectors(vcpu, bytes)
Napi::Value GetVectors(const Napi::CallbackInfo& info) {
  return Guard(info.Env(),
               [&] { return ToUint8Array(info.Env(), arch::ReadVectors(UnwrapVcpu(info[0]))); });
}

void SetVectors(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] { arch::WriteVectors(UnwrapVcpu(info[0]), ToBytes(info[1])); });
}

// readMsr(vcpu, index): bigint, writeMsr(vcpu, index, value: bigint)
Napi::Value GetMsr(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    uint64_t value = arch::ReadMsr(UnwrapVcpu(info[0]), info[1].ToNumber().Uint32Value());
    return Napi::BigInt::New(info.Env(), value);
  });
}

void SetMsr(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    bool lossless;
    uint64_t value = info[2].As<Napi::BigInt>().Uint64Value(&lossless);
    arch::WriteMsr(UnwrapVcpu(info[0]), info[1].ToNumber().Uint32Value(), value);
  });
}

// supportedCpuid(): Uint8Array
Napi::Value SupportedCpuid(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return ToUint8Array(info.Env(), arch::OfferedCpuid(System())); });
}

// msrIndexes(): Uint32Array
Napi::Value ListMsrs(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    std::vector<uint32_t> indexes = arch::MsrIndexes(System());
    Napi::Uint32Array out = Napi::Uint32Array::New(info.Env(), indexes.size());
    std::copy(indexes.begin(), indexes.end(), out.Data());
    return out;
  });
}

}  // namespace

void ExportVcpuState(Napi::Env env, Napi::Object exports) {
  exports.Set("debugLimits", Napi::Function::New(env, ReadDebugLimits, "debugLimits"));
  exports.Set("debugVcpu", Napi::Function::New(env, DebugVcpu, "debugVcpu"));
  exports.Set("vcpuParts", NamesOf(env, arch::VcpuParts()));
  exports.Set("readVcpuPart", Napi::Function::New(env, ReadVcpuPart, "readVcpuPart"));
  exports.Set("writeVcpuPart", Napi::Function::New(env, WriteVcpuPart, "writeVcpuPart"));
  exports.Set("vmParts", NamesOf(env, arch::VmParts()));
  exports.Set("readVmPart", Napi::Function::New(env, ReadVmPart, "readVmPart"));
  exports.Set("writeVmPart", Napi::Function::New(env, WriteVmPart, "writeVmPart"));
  exports.Set("readVectors", Napi::Function::New(env, GetVectors, "readVectors"));
  exports.Set("writeVectors", Napi::Function::New(env, SetVectors, "writeVectors"));
  exports.Set("supportedCpuid", Napi::Function::New(env, SupportedCpuid, "supportedCpuid"));
  exports.Set("readMsr", Napi::Function::New(env, GetMsr, "readMsr"));
  exports.Set("writeMsr", Napi::Function::New(env, SetMsr, "writeMsr"));
  exports.Set("msrIndexes", Napi::Function::New(env, ListMsrs, "msrIndexes"));
}

}  // namespace hv
