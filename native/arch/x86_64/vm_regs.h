// vm_regs.h: every register of a vCPU by its name, for the VM API.
#ifndef HV_ARCH_X86_64_VM_REGS_H_
#define HV_ARCH_X86_64_VM_REGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kvm/vcpu.h"

namespace hv::arch {

// A register's index is its place here: `rax`, `cr3`, `cs.selector`, `gdt.base` … (src/vm/README.md).
const std::vector<std::string>& RegisterNames();

// Reads `count` registers. Throws std::out_of_range for an index that is none, std::system_error.
// Precondition for both: the vCPU does not run.
void ReadRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count, uint64_t* values);
// Writes them together: all or none. Throws besides std::out_of_range for a value wider than its register,
// std::system_error EINVAL for a state that KVM refuses, EOPNOTSUPP for one that this kind of host does not have.
void WriteRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count,
                    const uint64_t* values);

// Lets the hypercalls that KVM can hand to its user come out of KVM_RUN.
void OfferHypercalls(const Vm& vm);

}  // namespace hv::arch

#endif  // HV_ARCH_X86_64_VM_REGS_H_
