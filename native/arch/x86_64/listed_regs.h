// listed_regs.h: model-specific registers through KVM_GET_MSRS and KVM_SET_MSRS.
#ifndef HV_ARCH_X86_64_LISTED_REGS_H_
#define HV_ARCH_X86_64_LISTED_REGS_H_

#include <linux/kvm.h>

#include <vector>

#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::x86_64 {

// KVM_GET_MSR_INDEX_LIST's, the time-stamp counter first and the timer that counts with it last.
std::vector<uint32_t> MsrIndexes(const System& system);

// All of those that KVM gives, as struct kvm_msr_entry.
Bytes ReadAllMsrs(Vcpu& vcpu);
// Throws std::invalid_argument, std::system_error EINVAL for a register that KVM refuses and that now has another value.
void WriteAllMsrs(Vcpu& vcpu, const Bytes& bytes);

}  // namespace hv::x86_64

#endif  // HV_ARCH_X86_64_LISTED_REGS_H_
