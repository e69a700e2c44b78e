// boot.cc: what a VM and a vCPU need before anything runs: Intel's real-mode pages, CPUID.

#include "arch/x86_64/boot.h"

#include <asm/kvm_para.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "arch/arch.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/pvm.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv {
namespace x86_64 {
namespace {

// SAFETY: the buffer is 8-byte aligned and holds the header and the entries.
struct CpuidBuffer {
  explicit CpuidBuffer(size_t count)
      : words((sizeof(kvm_cpuid2) + count * sizeof(kvm_cpuid_entry2)) / 8 + 1),
        cpuid(reinterpret_cast<kvm_cpuid2*>(words.data())) {
    cpuid->nent = static_cast<uint32_t>(count);
  }
  std::vector<uint64_t> words;
  kvm_cpuid2* cpuid;
};

// The first level of leaf 0xb is threads, one per core; the second is cores, as many per package as the APIC ID's low byte can
// tell apart (SDM vol. 2, CPUID).
void SetLevel(kvm_cpuid_entry2& entry, uint32_t id) {
  constexpr uint32_t kThreads = 1, kCores = 2, kCoreBits = 8;
  entry.ebx = 1;
  entry.eax = 0;
  entry.ecx = entry.index;
  entry.edx = id;
  if (entry.index == 0) entry.ecx |= kThreads << 8;
  if (entry.index != 1) return;
  entry.eax = kCoreBits;
  entry.ecx |= kCores << 8;
}

// What /proc/cpuinfo says, too (src/arch/x86_64/hwcap.ts): a guest is not told which processor the host has.
void SetName(std::vector<kvm_cpuid_entry2>& entries) {
  // SDM vol. 2, CPUID: three leaves hold the name, padded with zeros.
  constexpr uint32_t kFirst = 0x80000002, kLeaves = 3, kRegisters = 4;
  char name[kLeaves * kRegisters * sizeof(uint32_t)] = "hv virtual CPU";
  for (kvm_cpuid_entry2& entry : entries) {
    if (entry.function < kFirst || entry.function >= kFirst + kLeaves) continue;
    uint32_t words[kRegisters];
    std::memcpy(words, name + (entry.function - kFirst) * sizeof(words), sizeof(words));
    entry.eax = words[0];
    entry.ebx = words[1];
    entry.ecx = words[2];
    entry.edx = words[3];
  }
}

}  // namespace

std::vector<kvm_cpuid_entry2> ReadCpuid(int fd, unsigned long request, const char* what) {
  const CpuidBuffer buffer(kMaxCpuid);
  Ioctl(fd, request, what, buffer.cpuid);
  return {buffer.cpuid->entries, buffer.cpuid->entries + buffer.cpuid->nent};
}

// KVM_GET_SUPPORTED_CPUID reports the topology of the processor that the caller runs on.
void SetTopology(std::vector<kvm_cpuid_entry2>& entries, uint32_t id) {
  constexpr uint32_t kTscDeadline = 1u << 24, kHypervisor = 1u << 31;
  for (kvm_cpuid_entry2& entry : entries) {
    switch (entry.function) {
      case 1:
        entry.ebx = (entry.ebx & 0xffff) | 1u << 16 | id << 24;
        // In-kernel local APICs have the first (api.rst, 4.46); the second lets a kernel look for KVM's own leaves. KVM leaves
        // both for its user to set.
        entry.ecx |= kTscDeadline | kHypervisor;
        break;
      case 4:
        entry.eax &= 0x3fff;
        break;
      case 0xb:
      case 0x1f:
        SetLevel(entry, id);
        break;
      case KVM_CPUID_FEATURES:
        // Emulated SVM loses interrupts with it (QEMU 10.0). Where the processor has APICs (APICv, AVIC), KVM does not use it.
        entry.eax &= ~(1u << KVM_FEATURE_PV_EOI);
        break;
      case 0x80000008:
        entry.ecx = 8u << 12;
        break;
      case 0x8000001e:
        entry.eax = id;
        entry.ebx = id;
        entry.ecx = 0;
        break;
    }
  }
}

std::vector<kvm_cpuid_entry2> ReadSupported(const System& system) {
  return ReadCpuid(system.fd(), KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID");
}

const std::vector<kvm_cpuid_entry2>& SupportedCpuid(const System& system) {
  static std::once_flag once;
  static std::vector<kvm_cpuid_entry2> entries;
  std::call_once(once, [&] { entries = ReadSupported(system); });
  return entries;
}

const std::vector<kvm_cpuid_entry2>& UserCpuid(const System& system) {
  static std::once_flag once;
  static std::vector<kvm_cpuid_entry2> entries;
  std::call_once(once, [&] {
    entries = SupportedCpuid(system);
    SetName(entries);
    if (pvm::IsHost()) pvm::AddXsave(entries);
  });
  return entries;
}

void SetCpuid(Vcpu& vcpu, const std::vector<kvm_cpuid_entry2>& entries) {
  const CpuidBuffer buffer(entries.size());
  std::copy(entries.begin(), entries.end(), buffer.cpuid->entries);
  Ioctl(vcpu.fd(), KVM_SET_CPUID2, "KVM_SET_CPUID2", buffer.cpuid);
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

unsigned long VmType(const System&, unsigned ipa_bits, bool is_protected) {
  constexpr unsigned long kSwProtected = 1;  // KVM_X86_SW_PROTECTED_VM, since Linux 6.8
  if (ipa_bits != 0) throw NotOnX86("width of guest physical addresses");
  return is_protected ? kSwProtected : 0;
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

int AllowTiles(const System& system) {
  constexpr int kRequest = 0x1025;  // asm/prctl.h's ARCH_REQ_XCOMP_GUEST_PERM, since Linux 5.17
  constexpr unsigned kTileData = 18, kEdx = 3, kTiles = 1u << 24;
  // Before: KVM then offers them to each VM.
  x86_64::SupportedCpuid(system);
  if (::syscall(SYS_arch_prctl, kRequest, kTileData) != 0) return errno;
  const uint32_t offered = x86_64::CpuidRegister(x86_64::ReadSupported(system), 7, 0, kEdx);
  return (offered & kTiles) != 0 ? 0 : EOPNOTSUPP;
}

void StartVcpu(Vcpu&) {}

bool TakesLateVcpus() { return true; }

void InitVcpu(Vcpu& vcpu) {
  if (vcpu.options().starts_off || vcpu.options().has_el2) throw NotOnX86("vCPU option");
  const System& system = vcpu.vm().system();
  auto entries =
      vcpu.vm().features().amx ? x86_64::ReadSupported(system) : x86_64::SupportedCpuid(system);
  if (vcpu.vm().has_interrupt_controller()) x86_64::SetTopology(entries, vcpu.id());
  x86_64::SetCpuid(vcpu, entries);
}

// Caches are coherent, and writing to code is seen by the next jump (SDM vol. 3, 12.1.3).
void PublishMemory(const uint8_t*, size_t) {}

// PIC, IOAPIC, a local APIC in each vCPU, and the PIT, which users of the PIC expect; or (`is_split`) local APICs alone.
Fd CreateInterruptController(const Vm& vm, bool is_split, unsigned& version) {
  version = 0;
  if (is_split) {
    kvm_enable_cap capability = {};
    capability.cap = KVM_CAP_SPLIT_IRQCHIP;
    capability.args[0] = KVM_IOAPIC_NUM_PINS;
    Ioctl(vm.fd(), KVM_ENABLE_CAP, "KVM_CAP_SPLIT_IRQCHIP", &capability);
    return Fd();
  }
  Ioctl(vm.fd(), KVM_CREATE_IRQCHIP, "KVM_CREATE_IRQCHIP");
  kvm_pit_config pit = {};
  pit.flags = KVM_PIT_SPEAKER_DUMMY;
  Ioctl(vm.fd(), KVM_CREATE_PIT2, "KVM_CREATE_PIT2", &pit);
  return Fd();
}

// A pin of the IOAPIC, and of the PIC where the PIC has one by that number.
uint32_t LineOf(uint32_t gsi) { return gsi; }

uint32_t LineOfVcpu(unsigned, bool) {
  throw std::system_error(EOPNOTSUPP, std::generic_category(), "a vCPU's own input");
}

// Local APICs take messages.
Fd CreateMessageController(const Vm&) { return Fd(); }

// Each pin of the IOAPIC, and of the two PICs.
std::vector<kvm_irq_routing_entry> InputRoutes(const Vm&) {
  constexpr uint32_t kPics = 2, kPicPins = 8;
  std::vector<kvm_irq_routing_entry> routes;
  auto add = [&](uint32_t gsi, uint32_t chip, uint32_t pin) {
    kvm_irq_routing_entry route = {};
    route.gsi = gsi;
    route.type = KVM_IRQ_ROUTING_IRQCHIP;
    route.u.irqchip.irqchip = chip;
    route.u.irqchip.pin = pin;
    routes.push_back(route);
  };
  for (uint32_t pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) add(pin, KVM_IRQCHIP_IOAPIC, pin);
  for (uint32_t pin = 0; pin < kPics * kPicPins; pin++)
    add(pin, pin < kPicPins ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE, pin % kPicPins);
  return routes;
}

void StartInterruptController(const Fd&) {}

}  // namespace arch
}  // namespace hv
