// boot.h: CPUID: what KVM lets a guest have.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <vector>

#include "kvm/system.h"

namespace hv {
class Vcpu;
}

namespace hv::x86_64 {

// The leaves that KVM_GET_SUPPORTED_CPUID or KVM_GET_CPUID2 gives for a descriptor.
std::vector<kvm_cpuid_entry2> ReadCpuid(int fd, unsigned long request, const char* what);
constexpr size_t kMaxCpuid = 256;  // KVM_MAX_CPUID_ENTRIES
// KVM_GET_SUPPORTED_CPUID's leaves.
std::vector<kvm_cpuid_entry2> ReadSupported(const System& system);
// The same, read once per process, and without AMX.
const std::vector<kvm_cpuid_entry2>& SupportedCpuid(const System& system);

// The leaves for user programs: see pvm.h.
const std::vector<kvm_cpuid_entry2>& UserCpuid(const System& system);
// Sets the leaves that identify a processor and its neighbours, for vCPU `id` with a local APIC.
void SetTopology(std::vector<kvm_cpuid_entry2>& entries, uint32_t id);
// Before the vCPU's first run.
void SetCpuid(Vcpu& vcpu, const std::vector<kvm_cpuid_entry2>& entries);

// One register (0 EAX … 3 EDX) of a leaf; 0 when the leaf is not there.
uint32_t CpuidRegister(const std::vector<kvm_cpuid_entry2>& entries, uint32_t function,
                       uint32_t index, int reg);

}  // namespace hv::x86_64
