// vm_state.cc: the GIC's registers as a table: the distributor's, and each vCPU's own (devices/arm-vgic-v3.rst, arm-vgic.rst).
// And the ITS (arm-vgic-its.rst), whose tables, and which LPIs are pending, KVM writes into the guest's memory, where the guest has room
// for them.

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "arch/arch.h"
#include "arch/arm64/regs.h"
#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv {
namespace arm64 {
namespace {

constexpr uint64_t kMpidrEl1 = ARM64_SYS_REG(3, 0, 0, 0, 5);
constexpr uint32_t kAllOnes = ~uint32_t{0};
// KVM's default: 256 interrupts, of which 32 are private to each vCPU.
constexpr uint64_t kOwn = 32, kAll = 256;

// Registers of 4 bytes, or of 8 in a CPU interface, from `first` up to `end`.
struct Range {
  uint32_t group;
  uint64_t first;
  uint64_t end;
  uint64_t step = 4;
  // Before such a register is restored, the register at this distance clears all of it: an interrupt may be enabled after reset.
  uint64_t clear = 0;
  // Priorities in use: a CPU interface has one to four such registers.
  bool optional = false;
};

constexpr uint64_t kClear =
    0x80;  // GICD_ICENABLER from GICD_ISENABLER; ICPENDR and ICACTIVER the same

constexpr uint64_t kClearSent = ~uint64_t{0x10} + 1;  // GICD_CPENDSGIR lies before GICD_SPENDSGIR

constexpr uint64_t SysReg(uint64_t op1, uint64_t crn, uint64_t crm, uint64_t op2) {
  return 3u << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}

// GICD or GICR_*, one bit, two bits or one byte for each interrupt. Edge or level is set before what is pending.
std::vector<Range> Interrupts(uint32_t group, uint64_t base, uint64_t from, uint64_t to) {
  return {
      {group, base + 0x080 + from / 8, base + 0x080 + to / 8},             // IGROUPR
      {group, base + 0xc00 + from / 4, base + 0xc00 + to / 4},             // ICFGR
      {group, base + 0x400 + from, base + 0x400 + to},                     // IPRIORITYR
      {group, base + 0x100 + from / 8, base + 0x100 + to / 8, 4, kClear},  // ISENABLER
      {group, base + 0x200 + from / 8, base + 0x200 + to / 8, 4, kClear},  // ISPENDR
      {group, base + 0x300 + from / 8, base + 0x300 + to / 8, 4, kClear},  // ISACTIVER
  };
}

void Append(std::vector<Range>& ranges, const std::vector<Range>& more) {
  ranges.insert(ranges.end(), more.begin(), more.end());
}

// IIDR first: it says how to read the others.
std::vector<Range> Distributor(unsigned version) {
  constexpr uint32_t kGroup = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
  std::vector<Range> ranges = {{kGroup, 0x8, 0xc}, {kGroup, 0x0, 0x4}};
  if (version == 3) {
    ranges.push_back({kGroup, 0x6000 + 8 * kOwn, 0x6000 + 8 * kAll});  // IROUTER
    ranges.push_back({KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, kOwn, kAll, 32});
  } else {
    ranges.push_back({kGroup, 0x800 + kOwn, 0x800 + kAll});  // ITARGETSR
  }
  Append(ranges, Interrupts(kGroup, 0, kOwn, kAll));
  return ranges;
}

std::vector<Range> CpuV3() {
  constexpr uint32_t kRedistributor = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS;
  constexpr uint32_t kInterface = KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;
  std::vector<Range> ranges = {
      {kRedistributor, 0x70, 0x80},  // GICR_PROPBASER, GICR_PENDBASER
      {kRedistributor, 0x0, 0x4},    // GICR_CTLR: LPIs are on
      {KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 0, kOwn, 32},
  };
  Append(ranges, Interrupts(kRedistributor, 0x10000, 0, kOwn));
  const std::vector<Range> interface = {
      {kInterface, SysReg(0, 12, 12, 5), SysReg(0, 12, 12, 5) + 1, 8},         // ICC_SRE_EL1
      {kInterface, SysReg(0, 12, 12, 4), SysReg(0, 12, 12, 4) + 1, 8},         // ICC_CTLR_EL1
      {kInterface, SysReg(0, 4, 6, 0), SysReg(0, 4, 6, 0) + 1, 8},             // ICC_PMR_EL1
      {kInterface, SysReg(0, 12, 8, 3), SysReg(0, 12, 8, 3) + 1, 8},           // ICC_BPR0_EL1
      {kInterface, SysReg(0, 12, 12, 3), SysReg(0, 12, 12, 3) + 1, 8},         // ICC_BPR1_EL1
      {kInterface, SysReg(0, 12, 8, 4), SysReg(0, 12, 8, 7) + 1, 1, 0, true},  // ICC_AP0R<n>
      {kInterface, SysReg(0, 12, 9, 0), SysReg(0, 12, 9, 3) + 1, 1, 0, true},  // ICC_AP1R<n>
      {kInterface, SysReg(0, 12, 12, 6), SysReg(0, 12, 12, 7) + 1, 1},         // ICC_IGRPEN0, 1
  };
  Append(ranges, interface);
  return ranges;
}

std::vector<Range> CpuV2() {
  constexpr uint32_t kDistributor = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
  constexpr uint32_t kInterface = KVM_DEV_ARM_VGIC_GRP_CPU_REGS;
  std::vector<Range> ranges = Interrupts(kDistributor, 0, 0, kOwn);
  const std::vector<Range> more = {
      {kDistributor, 0xf20, 0xf30, 4, kClearSent},  // GICD_SPENDSGIR
      {kInterface, 0x00, 0x0c},                     // GICC_CTLR, PMR, BPR
      {kInterface, 0x1c, 0x20},                     // GICC_ABPR
      {kInterface, 0xd0, 0xe0, 4, 0, true},         // GICC_APR<n>
  };
  Append(ranges, more);
  return ranges;
}

// The vCPU in the upper half of an attribute: its affinity (v3), or its number.
uint64_t Owner(const Vcpu& vcpu) {
  if (vcpu.vm().controller_version() == 2)
    return uint64_t{vcpu.id()} << KVM_DEV_ARM_VGIC_CPUID_SHIFT;
  uint64_t mpidr = GetRegister(vcpu, kMpidrEl1, "MPIDR_EL1");
  return ((mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24) << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT;
}

// KVM takes 4 bytes of the value or all 8, depending on the group: little-endian, the low ones come first.
bool Attribute(int device, unsigned long request, uint32_t group, uint64_t attribute,
               uint64_t* value) {
  kvm_device_attr transfer = {};
  transfer.group = group;
  transfer.attr = attribute;
  transfer.addr = AddressOf(value);
  return ::ioctl(device, request, &transfer) == 0;
}

void Transfer(int device, unsigned long request, uint32_t group, uint64_t attribute,
              uint64_t* value, const char* what) {
  if (!Attribute(device, request, group, attribute, value))
    throw std::system_error(errno, std::generic_category(), what);
}

// The distributor is on as long as this lives: KVM hands no restored interrupt to a vCPU while the distributor is off, and does not look
// again when it is switched on. (vgic_target_oracle of arch/arm64/kvm/vgic/vgic.c)
class DistributorOn {
 public:
  explicit DistributorOn(int gic) : gic_(gic) {
    Transfer(gic, KVM_GET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, kControl, &control_,
             "GICD_CTLR");
    uint64_t on = control_ | kEnableGroups;
    Transfer(gic, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, kControl, &on, "GICD_CTLR");
  }
  ~DistributorOn() {
    Attribute(gic_, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, kControl, &control_);
  }
  DistributorOn(const DistributorOn&) = delete;
  DistributorOn& operator=(const DistributorOn&) = delete;

 private:
  static constexpr uint64_t kControl = 0, kEnableGroups = 3;  // GICD_CTLR
  int gic_;
  uint64_t control_ = 0;
};

class Gic {
 public:
  Gic(const Vm& vm, uint64_t owner, std::vector<Range> ranges)
      : fd_(vm.interrupt_controller()), owner_(owner), ranges_(std::move(ranges)) {}

  Bytes Read() const {
    Bytes bytes;
    ForEach([&](const Range& range, uint64_t at) {
      uint64_t value = 0;
      if (!Transfer(KVM_GET_DEVICE_ATTR, range, at, value) && !range.optional) Fail();
      bytes.resize(bytes.size() + sizeof(value));
      std::memcpy(bytes.data() + bytes.size() - sizeof(value), &value, sizeof(value));
    });
    return bytes;
  }

  void Write(const Bytes& bytes) const {
    size_t count = 0;
    ForEach([&](const Range&, uint64_t) { count++; });
    CheckLength(bytes, count * sizeof(uint64_t));
    const uint8_t* from = bytes.data();
    ForEach([&](const Range& range, uint64_t at) {
      uint64_t value;
      std::memcpy(&value, from, sizeof(value));
      from += sizeof(value);
      if (range.optional && value == 0) return;
      uint64_t ones = kAllOnes;
      if (range.clear != 0) Transfer(KVM_SET_DEVICE_ATTR, range, at + range.clear, ones);
      if (!Transfer(KVM_SET_DEVICE_ATTR, range, at, value)) Fail();
    });
  }

 private:
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Range& range : ranges_) {
      for (uint64_t at = range.first; at < range.end; at += range.step) visit(range, at);
    }
  }

  bool Transfer(unsigned long request, const Range& range, uint64_t at, uint64_t& value) const {
    return Attribute(fd_, request, range.group, owner_ | at, &value);
  }

  [[noreturn]] static void Fail() {
    throw std::system_error(errno, std::generic_category(), "GIC register");
  }

  int fd_;
  uint64_t owner_;
  std::vector<Range> ranges_;
};

Gic CpuPart(const Vcpu& vcpu) {
  bool is_v3 = vcpu.vm().controller_version() == 3;
  return Gic(vcpu.vm(), Owner(vcpu), is_v3 ? CpuV3() : CpuV2());
}

Bytes GetDistributor(Vm& vm) {
  if (!vm.has_interrupt_controller()) return {};
  return Gic(vm, 0, Distributor(static_cast<unsigned>(vm.controller_version()))).Read();
}

void PutDistributor(Vm& vm, const Bytes& bytes) {
  if (!vm.has_interrupt_controller()) throw std::invalid_argument("the VM has no GIC");
  Gic(vm, 0, Distributor(static_cast<unsigned>(vm.controller_version()))).Write(bytes);
}

void Order(int device, uint64_t attribute, const char* what) {
  Transfer(device, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CTRL, attribute, nullptr, what);
}

// GITS_* in the order of restoring: IIDR, CBASER, CREADR, CWRITER, BASER<n>; CTLR, which switches it on, behind the tables.
constexpr uint64_t kItsRegisters[] = {0x4,   0x80,  0x90,  0x88,  0x100, 0x108,
                                      0x110, 0x118, 0x120, 0x128, 0x130, 0x138};
constexpr uint64_t kItsControl = 0x0;

Bytes GetIts(Vm& vm) {
  const int its = vm.message_controller();
  if (its < 0) return {};
  Order(its, KVM_DEV_ARM_ITS_SAVE_TABLES, "the guest's ITS tables");
  Order(vm.interrupt_controller(), KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES,
        "the guest's table of pending LPIs");
  std::vector<uint64_t> values;
  auto read = [&](uint64_t at) {
    Transfer(its, KVM_GET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, at, &values.emplace_back(0),
             "ITS register");
  };
  for (uint64_t at : kItsRegisters) read(at);
  read(kItsControl);
  Bytes bytes(values.size() * sizeof(uint64_t));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

void PutIts(Vm& vm, const Bytes& bytes) {
  const int its = vm.message_controller();
  if (its < 0) throw std::invalid_argument("the VM has no ITS");
  uint64_t values[std::size(kItsRegisters) + 1];
  CheckLength(bytes, sizeof(values));
  std::memcpy(values, bytes.data(), sizeof(values));
  Order(its, KVM_DEV_ARM_ITS_CTRL_RESET, "KVM_DEV_ARM_ITS_CTRL_RESET");
  size_t next = 0;
  auto write = [&](uint64_t at) {
    Transfer(its, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_ITS_REGS, at, &values[next++],
             "ITS register");
  };
  for (uint64_t at : kItsRegisters) write(at);
  Order(its, KVM_DEV_ARM_ITS_RESTORE_TABLES, "the guest's ITS tables");
  write(kItsControl);
}

}  // namespace
}  // namespace arm64

namespace arch {

Bytes ReadLocalController(Vcpu& vcpu) {
  if (!vcpu.vm().has_interrupt_controller()) return {};
  return arm64::CpuPart(vcpu).Read();
}

void WriteLocalController(Vcpu& vcpu, const Bytes& bytes) {
  if (!vcpu.vm().has_interrupt_controller()) throw std::invalid_argument("the VM has no GIC");
  const arm64::DistributorOn on(vcpu.vm().interrupt_controller());
  arm64::CpuPart(vcpu).Write(bytes);
}

const std::vector<StatePart<Vm>>& VmParts() {
  static const std::vector<StatePart<Vm>> parts = {
      {"gic-distributor", arm64::GetDistributor, arm64::PutDistributor},
      {"gic-its", arm64::GetIts, arm64::PutIts},
  };
  return parts;
}

}  // namespace arch
}  // namespace hv
