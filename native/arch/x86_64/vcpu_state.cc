// vcpu_state.cc: all of a vCPU's state in KVM's structures, in the order in which they are restored (api.rst, section 4).

#include <cpuid.h>
#include <linux/kvm.h>

#include <algorithm>
#include <cstddef>

#include "arch/arch.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/listed_regs.h"
#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::arch {
namespace {

// KVM takes frequencies nearer than that for the same: its module parameter tsc_tolerance_ppm.
constexpr int64_t kPerMillion = 1'000'000, kTolerancePerMillion = 250;

template <typename Struct, unsigned long get, unsigned long set>
constexpr StatePart<Vcpu> Plain(const char* name) {
  return {
      name, [](Vcpu& vcpu) { return GetStruct<Struct>(vcpu.fd(), get, "KVM_GET"); },
      [](Vcpu& vcpu, const Bytes& bytes) { SetStruct<Struct>(vcpu.fd(), set, "KVM_SET", bytes); }};
}

Bytes ToBytes(const std::vector<kvm_cpuid_entry2>& entries) {
  Bytes bytes(entries.size() * sizeof(kvm_cpuid_entry2));
  if (!entries.empty()) std::memcpy(bytes.data(), entries.data(), bytes.size());
  return bytes;
}

Bytes GetCpuid(Vcpu& vcpu) {
  return ToBytes(x86_64::ReadCpuid(vcpu.fd(), KVM_GET_CPUID2, "KVM_GET_CPUID2"));
}

void PutCpuid(Vcpu& vcpu, const Bytes& bytes) {
  size_t count = bytes.size() / sizeof(kvm_cpuid_entry2);
  if (count > x86_64::kMaxCpuid) throw std::invalid_argument("it has more than 256 leaves");
  CheckLength(bytes, count * sizeof(kvm_cpuid_entry2));
  std::vector<kvm_cpuid_entry2> entries(count);
  std::memcpy(entries.data(), bytes.data(), bytes.size());
  x86_64::SetCpuid(vcpu, entries);
}

Bytes GetFrequency(Vcpu& vcpu) {
  int khz = Ioctl(vcpu.fd(), KVM_GET_TSC_KHZ, "KVM_GET_TSC_KHZ", 0);
  Bytes bytes(sizeof(khz));
  std::memcpy(bytes.data(), &khz, sizeof(khz));
  return bytes;
}

void PutFrequency(Vcpu& vcpu, const Bytes& bytes) {
  int64_t wanted = ToStruct<int32_t>(bytes);
  int64_t own = ToStruct<int32_t>(GetFrequency(vcpu));
  if (std::abs(wanted - own) * kPerMillion <= own * kTolerancePerMillion) return;
  Ioctl(vcpu.fd(), KVM_SET_TSC_KHZ, "KVM_SET_TSC_KHZ", static_cast<unsigned long>(wanted));
}

// AMX's tiles lie behind struct kvm_xsave.
size_t XsaveLength(const Vcpu& vcpu) {
  if (!vcpu.vm().features().amx) return sizeof(kvm_xsave);
  int length = vcpu.vm().system().Check(KVM_CAP_XSAVE2);
  return std::max(sizeof(kvm_xsave), static_cast<size_t>(std::max(length, 0)));
}

Bytes GetXsave(Vcpu& vcpu) {
  Bytes bytes(XsaveLength(vcpu));
  bool is_long = bytes.size() > sizeof(kvm_xsave);
  Ioctl(vcpu.fd(), is_long ? KVM_GET_XSAVE2 : KVM_GET_XSAVE, "KVM_GET_XSAVE", bytes.data());
  return bytes;
}

void PutXsave(Vcpu& vcpu, const Bytes& bytes) {
  CheckLength(bytes, XsaveLength(vcpu));
  Ioctl(vcpu.fd(), KVM_SET_XSAVE, "KVM_SET_XSAVE", bytes.data());
}

Bytes GetNested(Vcpu& vcpu) {
  int length = vcpu.vm().system().Check(KVM_CAP_NESTED_STATE);
  if (length < static_cast<int>(sizeof(kvm_nested_state))) return {};
  Bytes bytes(static_cast<size_t>(length));
  uint32_t size = static_cast<uint32_t>(length);
  std::memcpy(bytes.data() + offsetof(kvm_nested_state, size), &size, sizeof(size));
  Ioctl(vcpu.fd(), KVM_GET_NESTED_STATE, "KVM_GET_NESTED_STATE", bytes.data());
  std::memcpy(&size, bytes.data() + offsetof(kvm_nested_state, size), sizeof(size));
  bytes.resize(std::min<size_t>(size, bytes.size()));
  return bytes;
}

void PutNested(Vcpu& vcpu, const Bytes& bytes) {
  // KVM reads as many bytes as `size` says.
  uint32_t size = 0;
  if (bytes.size() >= sizeof(kvm_nested_state)) {
    std::memcpy(&size, bytes.data() + offsetof(kvm_nested_state, size), sizeof(size));
  }
  if (bytes.size() < sizeof(kvm_nested_state)) CheckLength(bytes, sizeof(kvm_nested_state));
  CheckLength(bytes, size);
  Ioctl(vcpu.fd(), KVM_SET_NESTED_STATE, "KVM_SET_NESTED_STATE", bytes.data());
}

}  // namespace

// CPUID says what the others may hold. The deadline of the local APIC's timer is an MSR, and needs the timer's mode first. Setting
// registers forgets a pending exception, which the events then restore.
const std::vector<StatePart<Vcpu>>& VcpuParts() {
  static const std::vector<StatePart<Vcpu>> parts = {
      {"cpuid", GetCpuid, PutCpuid},
      {"tsc-khz", GetFrequency, PutFrequency},
      Plain<kvm_sregs, KVM_GET_SREGS, KVM_SET_SREGS>("sregs"),
      Plain<kvm_xcrs, KVM_GET_XCRS, KVM_SET_XCRS>("xcrs"),
      {"xsave", GetXsave, PutXsave},
      Plain<kvm_debugregs, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS>("debugregs"),
      {"lapic", ReadLocalController, WriteLocalController},
      {"msrs", x86_64::ReadAllMsrs, x86_64::WriteAllMsrs},
      {"nested", GetNested, PutNested},
      Plain<kvm_regs, KVM_GET_REGS, KVM_SET_REGS>("regs"),
      Plain<kvm_vcpu_events, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS>("events"),
      Plain<kvm_mp_state, KVM_GET_MP_STATE, KVM_SET_MP_STATE>("mp-state"),
  };
  return parts;
}

Bytes OfferedCpuid(const System& system) { return ToBytes(x86_64::SupportedCpuid(system)); }

Bytes ReadVectors(Vcpu& vcpu) { return GetXsave(vcpu); }
void WriteVectors(Vcpu& vcpu, const Bytes& bytes) { PutXsave(vcpu, bytes); }

// SDM vol. 1, 13.2: subleaves of CPUID's leaf 0xd. KVM's area is laid out as the host's own.
std::vector<uint32_t> VectorOffsets() {
  constexpr unsigned kLeaf = 0xd, kFirst = 2, kComponents = 19;
  std::vector<uint32_t> offsets(kComponents);
  unsigned size, offset, flags, unused;
  for (unsigned i = kFirst; i < kComponents; i++)
    if (__get_cpuid_count(kLeaf, i, &size, &offset, &flags, &unused) != 0 && size > 0)
      offsets[i] = offset;
  return offsets;
}

}  // namespace hv::arch
