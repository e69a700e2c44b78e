// boot.h: a feature of vCPUs that older kernel headers lack, and where the GIC lies.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <cstdint>

namespace hv {

class Vcpu;

namespace arm64 {

// asm/kvm.h since 5.16: KVM_ARM_VCPU_HAS_EL2.
constexpr unsigned kVcpuHasEl2 = 7;

// Guest physical, as on QEMU's board "virt": nothing lies below it; other devices start at kGicEnd.
constexpr uint64_t kGicDistributor = 0x08000000;
constexpr uint64_t kGicV2CpuInterface = 0x08010000;
constexpr uint64_t kGicIts = 0x08080000;
constexpr uint64_t kGicV3Redistributors = 0x080a0000;
constexpr uint64_t kGicEnd = 0x09000000;

// GIC architecture: SPIs have INTIDs from here on.
constexpr uint32_t kFirstSpi = 32;
// Of KVM's default of 256 interrupts.
constexpr uint32_t kSpis = 256 - kFirstSpi;
// Of the performance monitors: a PPI, as Arm's Base System Architecture (DEN0094) has it.
constexpr int kPmuInterrupt = 23;

// SVE's vector lengths: bit n is that of n + 1 units.
using VectorLengths = std::array<uint64_t, KVM_ARM64_SVE_VLS_WORDS>;
constexpr unsigned kVectorUnitBits = 128;
inline bool HasLength(const VectorLengths& lengths, unsigned units) {
  return units > 0 && units <= KVM_ARM64_SVE_VQ_MAX &&
         (lengths[(units - 1) / 64] >> (units - 1) % 64 & 1) != 0;
}
// Those of a vCPU that has SVE. Throws std::system_error.
VectorLengths ReadVectorLengths(const Vcpu& vcpu);

}  // namespace arm64
}  // namespace hv
