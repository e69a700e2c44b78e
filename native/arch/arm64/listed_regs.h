// listed_regs.h: all registers of a vCPU that KVM_GET_REG_LIST lists.
#pragma once

#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::arm64 {

// Core, system, timer and firmware registers: for each, KVM's number in 8 bytes, then as many bytes as the number says.
Bytes ReadAllRegisters(Vcpu& vcpu);
// Throws std::invalid_argument, std::system_error for a register that KVM refuses and that now has another value.
void WriteAllRegisters(Vcpu& vcpu, const Bytes& bytes);

}  // namespace hv::arm64
