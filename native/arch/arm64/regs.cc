// regs.cc: registers, and the state in which EL0 runs.

#include "arch/arm64/regs.h"

#include <asm/ptrace.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/ioctl.h"

namespace hv {
namespace {

constexpr uint64_t kMdscrEl1 = ARM64_SYS_REG(2, 0, 0, 2, 2);
constexpr uint64_t kTpidrroEl0 = ARM64_SYS_REG(3, 3, 13, 0, 3);
constexpr uint64_t kSctlrEl1 = ARM64_SYS_REG(3, 0, 1, 0, 0);
constexpr uint64_t kCpacrEl1 = ARM64_SYS_REG(3, 0, 1, 0, 2);
constexpr uint64_t kTtbr1El1 = ARM64_SYS_REG(3, 0, 2, 0, 1);
constexpr uint64_t kTcrEl1 = ARM64_SYS_REG(3, 0, 2, 0, 2);
constexpr uint64_t kMairEl1 = ARM64_SYS_REG(3, 0, 10, 2, 0);
constexpr uint64_t kVbarEl1 = ARM64_SYS_REG(3, 0, 12, 0, 0);
constexpr uint64_t kCntkctlEl1 = ARM64_SYS_REG(3, 0, 14, 1, 0);
constexpr uint64_t kIdMmfr0 = ARM64_SYS_REG(3, 0, 0, 7, 0);
constexpr uint64_t kIdMmfr1 = ARM64_SYS_REG(3, 0, 0, 7, 1);
constexpr uint64_t kIdMmfr2 = ARM64_SYS_REG(3, 0, 0, 7, 2);

// SCTLR_EL1 (Arm ARM D24.2.118): as Linux sets it for its programs, but WFI traps: KVM would put the vCPU to sleep for good.
enum Sctlr : uint64_t {
  kMmu = 1u << 0,
  kDataCache = 1u << 2,
  kStackAlignment = 1u << 3,
  kStackAlignmentEl0 = 1u << 4,
  kExitSynchronizes = 1u << 11,
  kInstructionCache = 1u << 12,
  kZeroCacheEl0 = 1u << 14,
  kCacheTypeEl0 = 1u << 15,
  kNoTrapWfe = 1u << 18,
  kTrapContextRegister = 1u << 20,
  kEntrySynchronizes = 1u << 22,
  kKeepPan = 1u << 23,  // RES1 before FEAT_PAN
  kCacheMaintenanceEl0 = 1u << 26,
  kLoadMultipleDevice = 1u << 28,
  kLoadMultipleAtomicity = 1u << 29,
};
constexpr uint64_t kSctlr = kMmu | kDataCache | kStackAlignment | kStackAlignmentEl0 |
                            kExitSynchronizes | kInstructionCache | kZeroCacheEl0 | kCacheTypeEl0 |
                            kNoTrapWfe | kTrapContextRegister | kEntrySynchronizes |
                            kCacheMaintenanceEl0 | kLoadMultipleDevice | kLoadMultipleAtomicity;

// TCR_EL1 (D24.2.131): 4K granules, 48-bit addresses, write-back and inner-shareable walks in both halves; the program's top
// byte is ignored.
constexpr uint64_t kTcr = 16 | uint64_t{16} << 16 | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 24 |
                          1u << 26 | 3u << 28 | uint64_t{2} << 30 | uint64_t{1} << 37;
constexpr unsigned kTcrIpsShift = 32;
// With FEAT_E0PD the program's accesses to the shim's half fault without a walk.
constexpr uint64_t kTcrE0pd1 = uint64_t{1} << 56;

// Index 0: Normal, write-back; 1: Device-nGnRE.
constexpr uint64_t kMair = 0x04ff;
// FP and SIMD for EL0 and EL1.
constexpr uint64_t kCpacr = 3u << 20;
// EL0 has no access to the debugger's channel.
constexpr uint64_t kMdscrTdcc = 1u << 12;
// EL0 reads CNTVCT_EL0.
constexpr uint64_t kCntkctl = 1u << 1;

unsigned IdField(const Vcpu& vcpu, uint64_t id, unsigned shift) {
  return (GetRegister(vcpu, id) >> shift) & 0xf;
}

uint64_t VectorRegister(unsigned i) {
  return KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE |
         (offsetof(kvm_regs, fp_regs.vregs) + i * sizeof(__uint128_t)) / sizeof(uint32_t);
}

uint64_t FpControlRegister(size_t offset) {
  return KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE | offset / sizeof(uint32_t);
}

template <typename Visit>
void ForEachFpRegister(Visit visit) {
  for (unsigned i = 0; i < 32; i++) visit(VectorRegister(i), i * sizeof(__uint128_t));
  visit(FpControlRegister(offsetof(kvm_regs, fp_regs.fpsr)), offsetof(user_fpsimd_state, fpsr));
  visit(FpControlRegister(offsetof(kvm_regs, fp_regs.fpcr)), offsetof(user_fpsimd_state, fpcr));
}

}  // namespace

uint64_t GetRegister(const Vcpu& vcpu, uint64_t id, const char* what) {
  uint64_t value = 0;
  kvm_one_reg request = {id, AddressOf(&value)};
  Ioctl(vcpu.fd(), KVM_GET_ONE_REG, what, &request);
  return value;
}

void SetRegister(const Vcpu& vcpu, uint64_t id, uint64_t value, const char* what) {
  kvm_one_reg request = {id, AddressOf(&value)};
  Ioctl(vcpu.fd(), KVM_SET_ONE_REG, what, &request);
}

void InitSystem(Vcpu& vcpu, uint64_t kernel_table, uint64_t vectors, uint64_t stack) {
  // PARange and TCR_EL1.IPS have the same encoding; 5 is 48 bits, all that 4K pages of these tables hold.
  uint64_t tcr = kTcr | uint64_t{std::min(IdField(vcpu, kIdMmfr0, 0), 5u)} << kTcrIpsShift;
  if (IdField(vcpu, kIdMmfr2, 60) != 0) tcr |= kTcrE0pd1;
  // With FEAT_PAN, every exception sets PAN: the shim cannot touch the program's memory.
  uint64_t sctlr = IdField(vcpu, kIdMmfr1, 20) != 0 ? kSctlr : kSctlr | kKeepPan;

  SetRegister(vcpu, kMairEl1, kMair);
  SetRegister(vcpu, kTcrEl1, tcr);
  SetRegister(vcpu, kTtbr1El1, kernel_table);
  SetRegister(vcpu, kVbarEl1, vectors);
  SetRegister(vcpu, kCpacrEl1, kCpacr);
  SetRegister(vcpu, kCntkctlEl1, kCntkctl);
  SetRegister(vcpu, kMdscrEl1, kMdscrTdcc);
  // KVM resets it to a conspicuous number.
  SetRegister(vcpu, kTpidrroEl0, 0);
  SetRegister(vcpu, HV_CORE(sp_el1), stack);
  SetRegister(vcpu, kSctlrEl1, sctlr);
}

bool UseHostCycles(Vcpu& vcpu) {
  if (vcpu.vm().system().Check(KVM_CAP_COUNTER_OFFSET) <= 0) return false;
  kvm_arm_counter_offset none = {};
  return ::ioctl(vcpu.vm().fd(), KVM_ARM_SET_COUNTER_OFFSET, &none) == 0;
}

std::vector<uint8_t> ReadFpState(const Vcpu& vcpu) {
  std::vector<uint8_t> area(sizeof(user_fpsimd_state));
  ForEachFpRegister([&](uint64_t id, size_t offset) {
    kvm_one_reg request = {id, AddressOf(area.data() + offset)};
    Ioctl(vcpu.fd(), KVM_GET_ONE_REG, "KVM_GET_ONE_REG", &request);
  });
  return area;
}

void WriteFpState(const Vcpu& vcpu, const uint8_t* area, size_t size) {
  if (size < sizeof(user_fpsimd_state)) {
    throw std::system_error(EINVAL, std::generic_category(), "FP state");
  }
  ForEachFpRegister([&](uint64_t id, size_t offset) {
    kvm_one_reg request = {id, AddressOf(area + offset)};
    Ioctl(vcpu.fd(), KVM_SET_ONE_REG, "KVM_SET_ONE_REG", &request);
  });
}

}  // namespace hv
