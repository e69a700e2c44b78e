// boot.h: a feature of vCPUs that older kernel headers lack, and where the GIC lies.
#pragma once

#include <cstdint>

namespace hv::arm64 {

// asm/kvm.h since 5.16: KVM_ARM_VCPU_HAS_EL2.
constexpr unsigned kVcpuHasEl2 = 7;

// Guest physical, as on QEMU's board "virt": nothing lies below it; other devices start at kGicEnd.
constexpr uint64_t kGicDistributor = 0x08000000;
constexpr uint64_t kGicV2CpuInterface = 0x08010000;
constexpr uint64_t kGicV3Redistributors = 0x080a0000;
constexpr uint64_t kGicEnd = 0x09000000;

// GIC architecture: SPIs have INTIDs from here on.
constexpr uint32_t kFirstSpi = 32;

}  // namespace hv::arm64
