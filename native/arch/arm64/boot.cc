// boot.cc: how a VM and a vCPU are made: address width, PSCI, EL2, hypercalls, the GIC.

#include "arch/arm64/boot.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "arch/arch.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv {
namespace arm64 {
namespace {

// asm/kvm.h since 6.4: KVM_ARM_VM_SMCCC_CTRL and _FILTER are both 0, and this is struct kvm_smccc_filter.
struct SmcccFilter {
  uint32_t base;
  uint32_t functions;
  uint8_t action;
  uint8_t pad[15];
};
constexpr uint8_t kForwardToUser = 2;
// SMC Calling Convention (ARM DEN0028), table 6-2: fast, 64-bit calls of an "OEM service". KVM itself answers none of them.
constexpr uint32_t kHypercalls = 0xc3000000;
constexpr uint32_t kHypercallCount = 0x10000;

void SetDevice(const Fd& device, uint32_t group, uint64_t attribute, uint64_t value,
               const char* what) {
  kvm_device_attr request = {};
  request.group = group;
  request.attr = attribute;
  request.addr = AddressOf(&value);
  Ioctl(device.get(), KVM_SET_DEVICE_ATTR, what, &request);
}

// A controller that cannot be set up spoils the VM: so KVM is asked first with KVM_CREATE_DEVICE_TEST, which makes none.
bool Offers(const Vm& vm, uint32_t type) {
  kvm_create_device request = {type, 0, KVM_CREATE_DEVICE_TEST};
  return ::ioctl(vm.fd(), KVM_CREATE_DEVICE, &request) == 0;
}

Fd CreateDevice(const Vm& vm, uint32_t type) {
  kvm_create_device request = {type, 0, 0};
  Ioctl(vm.fd(), KVM_CREATE_DEVICE, "KVM_CREATE_DEVICE", &request);
  return Fd(static_cast<int>(request.fd));
}

// Documentation/virt/kvm/devices/vcpu.rst: KVM_ARM_VCPU_PMU_V3_CTRL.
void SetPmu(const Vcpu& vcpu, uint64_t attribute, const int* value, const char* what) {
  kvm_device_attr request = {};
  request.group = KVM_ARM_VCPU_PMU_V3_CTRL;
  request.attr = attribute;
  request.addr = AddressOf(value);
  Ioctl(vcpu.fd(), KVM_SET_DEVICE_ATTR, what, &request);
}

// Documentation/virt/kvm/devices/arm-vgic-v3.rst: REDIST_REGION is count, base and index in one word.
void PlaceV3(const Fd& gic) {
  constexpr uint64_t kSize = 0x20000;
  constexpr uint64_t kCount = (kGicEnd - kGicV3Redistributors) / kSize;
  SetDevice(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, kGicDistributor,
            "GICv3 distributor");
  SetDevice(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
            kCount << 52 | kGicV3Redistributors, "GICv3 redistributors");
}

// Documentation/virt/kvm/devices/arm-vgic.rst.
void PlaceV2(const Fd& gic) {
  SetDevice(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, kGicDistributor,
            "GICv2 distributor");
  SetDevice(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, kGicV2CpuInterface,
            "GICv2 CPU interface");
}

}  // namespace

// api.rst, KVM_REG_ARM64_SVE_VLS: a bit for each length that the vCPU has, in units of 128 bits from 1 on.
VectorLengths ReadVectorLengths(const Vcpu& vcpu) {
  VectorLengths lengths = {};
  kvm_one_reg request = {KVM_REG_ARM64_SVE_VLS, AddressOf(lengths.data())};
  Ioctl(vcpu.fd(), KVM_GET_ONE_REG, "KVM_REG_ARM64_SVE_VLS", &request);
  return lengths;
}

namespace {

// No vectors longer than `bits` (0: than the host's), and from then on the choice holds. Without that the vCPU does not run.
void SettleVectors(const Vcpu& vcpu, unsigned bits) {
  if (bits != 0) {
    VectorLengths lengths = ReadVectorLengths(vcpu);
    if (bits % kVectorUnitBits != 0 || !HasLength(lengths, bits / kVectorUnitBits)) {
      std::string text = "vectors of " + std::to_string(bits) + " bits are none of this host's:";
      for (unsigned units = 1; units <= KVM_ARM64_SVE_VQ_MAX; units++)
        if (HasLength(lengths, units)) text += " " + std::to_string(units * kVectorUnitBits);
      throw std::invalid_argument(text);
    }
    for (unsigned units = bits / kVectorUnitBits + 1; units <= KVM_ARM64_SVE_VQ_MAX; units++)
      lengths[(units - 1) / 64] &= ~(uint64_t{1} << (units - 1) % 64);
    kvm_one_reg request = {KVM_REG_ARM64_SVE_VLS, AddressOf(lengths.data())};
    Ioctl(vcpu.fd(), KVM_SET_ONE_REG, "KVM_REG_ARM64_SVE_VLS", &request);
  }
  int feature = KVM_ARM_VCPU_SVE;
  Ioctl(vcpu.fd(), KVM_ARM_VCPU_FINALIZE, "KVM_ARM_VCPU_FINALIZE", &feature);
}

}  // namespace
}  // namespace arm64

namespace arch {

// api.rst, KVM_CREATE_VM: type 0 means 40 bits, which a host with fewer (Apple M1: 36) refuses.
unsigned long VmType(const System& system, unsigned ipa_bits, bool is_protected) {
  constexpr int kDefaultBits = 40;
  if (is_protected)
    throw std::system_error(EOPNOTSUPP, std::generic_category(), "software-protected VMs");
  if (ipa_bits != 0) return KVM_VM_TYPE_ARM_IPA_SIZE(ipa_bits);
  int limit = system.Check(KVM_CAP_ARM_VM_IPA_SIZE);
  return limit > 0 && limit < kDefaultBits ? KVM_VM_TYPE_ARM_IPA_SIZE(limit) : 0;
}

int AllowTiles(const System&) { return EOPNOTSUPP; }

// Protected KVM tells EL2 of a VM's vCPUs when the first one runs. KVM_RUN of a later one fails there, and Linux (6.12) takes that for an
// SError of the guest, and panics: handle___kvm_vcpu_run (arch/arm64/kvm/hyp/nvhe/hyp-main.c), handle_exit_early (kvm/handle_exit.c).
bool TakesLateVcpus() {
  static const bool is_protected = [] {
    std::array<char, 4096> line;  // COMMAND_LINE_SIZE is 2048
    Fd file(::open("/proc/cmdline", O_RDONLY | O_CLOEXEC));
    ssize_t length = file.get() < 0 ? 0 : ::read(file.get(), line.data(), line.size());
    std::string_view text(line.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
    return text.find("kvm-arm.mode=protected") != std::string_view::npos;
  }();
  return !is_protected;
}

// KVM_CAP_ARM_NISV_TO_USER makes a load or store that reaches no memory, and that the processor does not describe (a pair, with
// write-back), an exit, not a failure of KVM_RUN (api.rst).
void InitVm(Vm& vm) {
  // Now: a jail that comes later hides /proc.
  TakesLateVcpus();
  kvm_enable_cap capability = {};
  if (vm.system().Check(KVM_CAP_ARM_NISV_TO_USER) > 0) {
    capability.cap = KVM_CAP_ARM_NISV_TO_USER;
    Ioctl(vm.fd(), KVM_ENABLE_CAP, "KVM_CAP_ARM_NISV_TO_USER", &capability);
  }
  if (vm.features().mte) {
    capability.cap = KVM_CAP_ARM_MTE;
    Ioctl(vm.fd(), KVM_ENABLE_CAP, "KVM_CAP_ARM_MTE", &capability);
  }
}

void InitVcpu(Vcpu& vcpu) {
  const CpuFeatures& features = vcpu.vm().features();
  kvm_vcpu_init init = {};
  Ioctl(vcpu.vm().fd(), KVM_ARM_PREFERRED_TARGET, "KVM_ARM_PREFERRED_TARGET", &init);
  auto want = [&](unsigned feature) { init.features[feature / 32] |= 1u << feature % 32; };
  want(KVM_ARM_VCPU_PSCI_0_2);
  if (vcpu.options().starts_off) want(KVM_ARM_VCPU_POWER_OFF);
  if (vcpu.options().has_el2) want(arm64::kVcpuHasEl2);
  if (features.sve) want(KVM_ARM_VCPU_SVE);
  if (features.pmu) want(KVM_ARM_VCPU_PMU_V3);
  if (features.el1_is_32_bit) want(KVM_ARM_VCPU_EL1_32BIT);
  // KVM takes the two together or not at all.
  if (features.pauth) want(KVM_ARM_VCPU_PTRAUTH_ADDRESS);
  if (features.pauth) want(KVM_ARM_VCPU_PTRAUTH_GENERIC);
  Ioctl(vcpu.fd(), KVM_ARM_VCPU_INIT, "KVM_ARM_VCPU_INIT", &init);
  if (features.sve) arm64::SettleVectors(vcpu, features.sve_bits);
  if (features.pmu && vcpu.vm().has_interrupt_controller())
    arm64::SetPmu(vcpu, KVM_ARM_VCPU_PMU_V3_IRQ, &arm64::kPmuInterrupt, "KVM_ARM_VCPU_PMU_V3_IRQ");
}

void StartVcpu(Vcpu& vcpu) {
  if (!vcpu.vm().features().pmu) return;
  arm64::SetPmu(vcpu, KVM_ARM_VCPU_PMU_V3_INIT, nullptr, "KVM_ARM_VCPU_PMU_V3_INIT");
}

// Arm ARM B2.7.4: clean to the point of unification, then invalidate the instruction caches of the inner shareable domain:
// __builtin___clear_cache does that. Before it, DC CVAC cleans to the point of coherency, for guests whose MMU is off: their
// accesses bypass caches. KVM does both itself for a page that the guest has not touched yet (arch/arm64/kvm/mmu.c, pgtable.c).
void PublishMemory(const uint8_t* begin, size_t size) {
  // SAFETY: Linux allows EL0 CTR_EL0 and DC CVAC (SCTLR_EL1.UCT, UCI), and they change no data.
  uint64_t cache_type;
  asm("mrs %0, ctr_el0" : "=r"(cache_type));
  // DminLine: log2 of the words in a line.
  uintptr_t line = uintptr_t{4} << (cache_type >> 16 & 0xf);
  uintptr_t first = reinterpret_cast<uintptr_t>(begin);
  for (uintptr_t at = first & ~(line - 1); at < first + size; at += line) {
    asm volatile("dc cvac, %0" : : "r"(at) : "memory");
  }
  asm volatile("dsb sy" : : : "memory");
  char* code = reinterpret_cast<char*>(first);
  __builtin___clear_cache(code, code + size);
}

// Not before Linux 6.4: on older kernels the guest gets "not supported" (-1) from KVM.
void OfferHypercalls(const Vm& vm) {
  arm64::SmcccFilter filter = {
      arm64::kHypercalls, arm64::kHypercallCount, arm64::kForwardToUser, {}};
  kvm_device_attr request = {};
  request.addr = AddressOf(&filter);
  if (::ioctl(vm.fd(), KVM_HAS_DEVICE_ATTR, &request) < 0) return;
  Ioctl(vm.fd(), KVM_SET_DEVICE_ATTR, "KVM_ARM_VM_SMCCC_FILTER", &request);
}

// The convention's registers: number in X0, arguments from X1 on. KVM leaves kvm_run's argument words for its user to fill.
void FetchHypercall(const Vcpu& vcpu) {
  auto& call = vcpu.run().hypercall;
  constexpr uint32_t kX1ToX6[] = {1, 2, 3, 4, 5, 6};
  uint64_t args[6];
  ReadRegisters(vcpu, kX1ToX6, 6, args);
  for (size_t i = 0; i < 6; i++) call.args[i] = args[i];
}

void AnswerHypercall(const Vcpu& vcpu, uint64_t result) {
  constexpr uint32_t kX0 = 0;
  WriteRegisters(vcpu, &kX0, 1, &result);
}

Fd CreateInterruptController(const Vm& vm, bool is_split, unsigned& version) {
  if (is_split) throw std::system_error(EOPNOTSUPP, std::generic_category(), "a split GIC");
  if (arm64::Offers(vm, KVM_DEV_TYPE_ARM_VGIC_V3)) {
    Fd gic = arm64::CreateDevice(vm, KVM_DEV_TYPE_ARM_VGIC_V3);
    arm64::PlaceV3(gic);
    version = 3;
    return gic;
  }
  // Throws ENODEV where KVM has neither.
  Fd gic = arm64::CreateDevice(vm, KVM_DEV_TYPE_ARM_VGIC_V2);
  arm64::PlaceV2(gic);
  version = 2;
  return gic;
}

// api.rst, KVM_IRQ_LINE: an SPI, given by its INTID; SPIs' INTIDs begin at 32.
uint32_t LineOf(uint32_t gsi) {
  return KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (arm64::kFirstSpi + gsi);
}

// As above, KVM_ARM_IRQ_TYPE_CPU: the vCPU's number in two fields.
uint32_t LineOfVcpu(unsigned id, bool is_fast) {
  constexpr unsigned kLowBits = 8;
  return KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
         (id >> kLowBits & KVM_ARM_IRQ_VCPU2_MASK) << KVM_ARM_IRQ_VCPU2_SHIFT |
         (id & KVM_ARM_IRQ_VCPU_MASK) << KVM_ARM_IRQ_VCPU_SHIFT |
         (is_fast ? KVM_ARM_IRQ_CPU_FIQ : KVM_ARM_IRQ_CPU_IRQ);
}

// Documentation/virt/kvm/devices/arm-vgic-its.rst. KVM has one where the host's GIC is a GICv3.
Fd CreateMessageController(const Vm& vm) {
  if (vm.controller_version() != 3 || !arm64::Offers(vm, KVM_DEV_TYPE_ARM_VGIC_ITS)) return Fd();
  Fd its = arm64::CreateDevice(vm, KVM_DEV_TYPE_ARM_VGIC_ITS);
  arm64::SetDevice(its, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_ITS_ADDR_TYPE, arm64::kGicIts, "ITS");
  arm64::SetDevice(its, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0,
                   "KVM_DEV_ARM_VGIC_CTRL_INIT");
  return its;
}

// Messages are the ITS's.
std::vector<kvm_irq_routing_entry> InputRoutes(const Vm& vm) {
  if (vm.message_controller() < 0) return {};
  std::vector<kvm_irq_routing_entry> routes(arm64::kSpis);
  for (uint32_t spi = 0; spi < arm64::kSpis; spi++) {
    routes[spi].gsi = spi;
    routes[spi].type = KVM_IRQ_ROUTING_IRQCHIP;
    routes[spi].u.irqchip.pin = spi;
  }
  return routes;
}

void StartInterruptController(const Fd& controller) {
  arm64::SetDevice(controller, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0,
                   "KVM_DEV_ARM_VGIC_CTRL_INIT");
}

}  // namespace arch
}  // namespace hv
