// listed_regs.h: model-specific registers through KVM_GET_MSRS and KVM_SET_MSRS.
#pragma once

#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::x86_64 {

// All of those that KVM gives, as struct kvm_msr_entry.
Bytes ReadAllMsrs(Vcpu& vcpu);
// Throws std::invalid_argument, std::system_error EINVAL for a register that KVM refuses and that now has another value.
void WriteAllMsrs(Vcpu& vcpu, const Bytes& bytes);

}  // namespace hv::x86_64
