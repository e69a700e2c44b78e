// boot.h: CPUID: what KVM lets a guest have.
#ifndef HV_ARCH_X86_64_BOOT_H_
#define HV_ARCH_X86_64_BOOT_H_

#include <linux/kvm.h>

#include <cstdint>
#include <vector>

#include "kvm/system.h"

namespace hv::x86_64 {

// KVM_GET_SUPPORTED_CPUID's leaves, read once a process.
const std::vector<kvm_cpuid_entry2>& SupportedCpuid(const System& system);

// One register (0 EAX … 3 EDX) of a leaf; 0 when the leaf is not there.
uint32_t CpuidRegister(const System& system, uint32_t function, uint32_t index, int reg);

}  // namespace hv::x86_64

#endif  // HV_ARCH_X86_64_BOOT_H_
