// vcpu_state.cc: debugging, saved state, MSRs and vector registers of vCPUs for JavaScript. src/vm/addon.ts has the types.

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/objects.h"

namespace hv {
namespace {

// DebugLimits of src/vm/debug.ts.
Napi::Object ReadDebugLimits(Napi::Env env) {
  DebugLimits limits = arch::DebugLimitsOf(System());
  Napi::Object out = Napi::Object::New(env);
  out.Set("singleStep", limits.single_step);
  out.Set("softwareBreakpoints", limits.software_breakpoints);
  out.Set("breakpoints", limits.breakpoints);
  out.Set("watchpoints", limits.watchpoints);
  out.Set("shared", limits.shared);
  return out;
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
  vcpu.Start();
  return arch::VcpuParts().at(part).read(vcpu);
}

void WriteVcpuPart(Vcpu& vcpu, uint32_t part, const Bytes& bytes) {
  vcpu.Start();
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

Napi::BigInt ReadMsr(Vcpu& vcpu, uint32_t index, Napi::Env env) {
  return Napi::BigInt::New(env, arch::ReadMsr(vcpu, index));
}

void WriteMsr(Vcpu& vcpu, uint32_t index, Napi::BigInt value) {
  bool lossless;
  arch::WriteMsr(vcpu, index, value.Uint64Value(&lossless));
}

}  // namespace

void ExportVcpuState(Napi::Env env, Napi::Object exports) {
  Export<ReadDebugLimits>(exports, "debugLimits");
  Export<DebugVcpu>(exports, "debugVcpu");
  exports.Set("vcpuParts", NamesOf(env, arch::VcpuParts()));
  Export<ReadVcpuPart>(exports, "readVcpuPart");
  Export<WriteVcpuPart>(exports, "writeVcpuPart");
  exports.Set("vmParts", NamesOf(env, arch::VmParts()));
  Export<ReadVmPart>(exports, "readVmPart");
  Export<WriteVmPart>(exports, "writeVmPart");
  Export<arch::ReadVectors>(exports, "readVectors");
  Export<arch::WriteVectors>(exports, "writeVectors");
  Export<arch::VectorOffsets>(exports, "vectorOffsets");
  Export<[] { return arch::OfferedCpuid(System()); }>(exports, "supportedCpuid");
  Export<ReadMsr>(exports, "readMsr");
  Export<WriteMsr>(exports, "writeMsr");
  Export<[] { return arch::MsrIndexes(System()); }>(exports, "msrIndexes");
}

}  // namespace hv
