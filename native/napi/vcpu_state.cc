// vcpu_state.cc: debugging, saved state, MSRs and vector registers of vCPUs for JavaScript. src/vm/addon.ts has the types.

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/objects.h"

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

// `watchpoints`: address, length and kind of each.
void DebugVcpu(Vcpu& vcpu, bool single_step, bool software_breakpoints,
               std::vector<uint64_t> breakpoints, const std::vector<uint64_t>& watchpoints) {
  DebugRequest request = {single_step, software_breakpoints, std::move(breakpoints), {}};
  for (size_t i = 0; i + 2 < watchpoints.size(); i += 3)
    request.watchpoints.push_back(
        {watchpoints[i], watchpoints[i + 1], static_cast<WatchKind>(watchpoints[i + 2])});
  vcpu.Debug(std::move(request));
}

template <typename Target>
Napi::Value NamesOf(Napi::Env env, const std::vector<StatePart<Target>>& parts) {
  return ToArray(env, parts, [&](const auto& part) { return Napi::String::New(env, part.name); });
}

// No bytes when there is no such part. Like the others here it starts the interrupt controller.
Bytes ReadVcpuPart(Vcpu& vcpu, uint32_t part) {
  vcpu.vm().Start();
  return arch::VcpuParts().at(part).read(vcpu);
}

void WriteVcpuPart(Vcpu& vcpu, uint32_t part, const Bytes& bytes) {
  vcpu.vm().Start();
  arch::VcpuParts().at(part).write(vcpu, bytes);
}

Bytes ReadVmPart(std::shared_ptr<Vm> vm, uint32_t part) {
  vm->Start();
  return arch::VmParts().at(part).read(*vm);
}

void WriteVmPart(std::shared_ptr<Vm> vm, uint32_t part, const Bytes& bytes) {
  vm->Start();
  arch::VmParts().at(part).write(*vm, bytes);
}

// readMsr(vcpu, index): bigint
Napi::Value ReadMsr(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    uint64_t value = arch::ReadMsr(FromJs<Vcpu&>(info[0]), FromJs<uint32_t>(info[1]));
    return Napi::BigInt::New(info.Env(), value);
  });
}

void WriteMsr(Vcpu& vcpu, uint32_t index, Napi::BigInt value) {
  bool lossless;
  arch::WriteMsr(vcpu, index, value.Uint64Value(&lossless));
}

}  // namespace

void ExportVcpuState(Napi::Env env, Napi::Object exports) {
  exports.Set("debugLimits", Napi::Function::New(env, ReadDebugLimits, "debugLimits"));
  Export<DebugVcpu>(exports, "debugVcpu");
  exports.Set("vcpuParts", NamesOf(env, arch::VcpuParts()));
  Export<ReadVcpuPart>(exports, "readVcpuPart");
  Export<WriteVcpuPart>(exports, "writeVcpuPart");
  exports.Set("vmParts", NamesOf(env, arch::VmParts()));
  Export<ReadVmPart>(exports, "readVmPart");
  Export<WriteVmPart>(exports, "writeVmPart");
  Export<arch::ReadVectors>(exports, "readVectors");
  Export<arch::WriteVectors>(exports, "writeVectors");
  Export<[] { return arch::OfferedCpuid(System()); }>(exports, "supportedCpuid");
  exports.Set("readMsr", Napi::Function::New<ReadMsr>(env, "readMsr"));
  Export<WriteMsr>(exports, "writeMsr");
  Export<[] { return arch::MsrIndexes(System()); }>(exports, "msrIndexes");
}

}  // namespace hv
