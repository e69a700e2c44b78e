// boot.cc: what a VM and a vCPU need before anything runs: Intel's real-mode pages, CPUID.

#include "arch/x86_64/boot.h"

#include <mutex>

#include "arch/arch.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/pvm.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv {
namespace x86_64 {
namespace {

std::vector<kvm_cpuid_entry2> ReadSupportedCpuid(const System& system) {
  constexpr size_t kMaxEntries = 256;
  std::vector<uint64_t> buffer((sizeof(kvm_cpuid2) + kMaxEntries * sizeof(kvm_cpuid_entry2)) / 8 +
                               1);
  // SAFETY: the buffer is 8-byte aligned and holds the header and kMaxEntries entries.
  auto* cpuid = reinterpret_cast<kvm_cpuid2*>(buffer.data());
  cpuid->nent = kMaxEntries;
  Ioctl(system.fd(), KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", cpuid);
  return std::vector<kvm_cpuid_entry2>(cpuid->entries, cpuid->entries + cpuid->nent);
}

}  // namespace

const std::vector<kvm_cpuid_entry2>& SupportedCpuid(const System& system) {
  static std::once_flag once;
  static std::vector<kvm_cpuid_entry2> entries;
  std::call_once(once, [&] { entries = ReadSupportedCpuid(system); });
  return entries;
}

const std::vector<kvm_cpuid_entry2>& UserCpuid(const System& system) {
  static std::once_flag once;
  static std::vector<kvm_cpuid_entry2> entries;
  std::call_once(once, [&] {
    entries = SupportedCpuid(system);
    if (pvm::IsHost()) pvm::AddXsave(entries);
  });
  return entries;
}

void SetCpuid(Vcpu& vcpu, const std::vector<kvm_cpuid_entry2>& entries) {
  std::vector<uint64_t> buffer(
      (sizeof(kvm_cpuid2) + entries.size() * sizeof(kvm_cpuid_entry2)) / 8 + 1);
  // SAFETY: as in ReadSupportedCpuid.
  auto* cpuid = reinterpret_cast<kvm_cpuid2*>(buffer.data());
  cpuid->nent = static_cast<uint32_t>(entries.size());
  std::copy(entries.begin(), entries.end(), cpuid->entries);
  Ioctl(vcpu.fd(), KVM_SET_CPUID2, "KVM_SET_CPUID2", cpuid);
}

uint32_t CpuidRegister(const std::vector<kvm_cpuid_entry2>& entries, uint32_t function,
                       uint32_t index, int reg) {
  for (const kvm_cpuid_entry2& entry : entries) {
    if (entry.function != function) continue;
    if ((entry.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) && entry.index != index) continue;
    const uint32_t registers[] = {entry.eax, entry.ebx, entry.ecx, entry.edx};
    return registers[reg];
  }
  return 0;
}

}  // namespace x86_64

namespace arch {
namespace {

std::system_error NotOnX86(const char* what) {
  return std::system_error(EOPNOTSUPP, std::generic_category(), what);
}

}  // namespace

unsigned long VmType(const System&, unsigned ipa_bits) {
  if (ipa_bits != 0) throw NotOnX86("width of guest physical addresses");
  return 0;
}

// Intel processors without "unrestricted guest" run real mode from these pages; others ignore them.
void InitVm(Vm& vm) {
  uint64_t identity_map = HV_IDENTITY_MAP_ADDRESS;
  if (vm.system().Check(KVM_CAP_SET_IDENTITY_MAP_ADDR) > 0) {
    Ioctl(vm.fd(), KVM_SET_IDENTITY_MAP_ADDR, "KVM_SET_IDENTITY_MAP_ADDR", &identity_map);
  }
  if (vm.system().Check(KVM_CAP_SET_TSS_ADDR) > 0) {
    Ioctl(vm.fd(), KVM_SET_TSS_ADDR, "KVM_SET_TSS_ADDR", HV_TSS_ADDRESS);
  }
  if (vm.system().Check(KVM_CAP_EXIT_ON_EMULATION_FAILURE) > 0) {
    kvm_enable_cap capability = {};
    capability.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE;
    capability.args[0] = 1;
    Ioctl(vm.fd(), KVM_ENABLE_CAP, "KVM_CAP_EXIT_ON_EMULATION_FAILURE", &capability);
  }
}

void InitVcpu(Vcpu& vcpu) {
  if (vcpu.options().starts_off || vcpu.options().has_el2) throw NotOnX86("vCPU option");
  x86_64::SetCpuid(vcpu, x86_64::SupportedCpuid(vcpu.vm().system()));
}

// Caches are coherent, and writing to code is seen by the next jump (SDM vol. 3, 12.1.3).
void PublishMemory(const uint8_t*, size_t) {}

Fd CreateInterruptController(const Vm&, unsigned&) {
  throw std::system_error(ENODEV, std::generic_category(), "interrupt controller");
}

void StartInterruptController(const Fd&) {}

}  // namespace arch
}  // namespace hv
