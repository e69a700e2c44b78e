// arch.h: what each architecture's folder gives the rest. The build picks the folder.
#ifndef HV_ARCH_ARCH_H_
#define HV_ARCH_ARCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hv {

class Vm;
class Vcpu;

namespace arch {

// What a new VM needs before its first vCPU.
void InitVm(Vm& vm);
// What a new vCPU needs before its first run: feature registers, not state.
void InitVcpu(Vcpu& vcpu);

// A register's index is its place here: `rax`, `cr3`, `cs.selector`, `x0`, `sctlr_el1` … (src/vm/README.md).
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

}  // namespace arch
}  // namespace hv

#endif  // HV_ARCH_ARCH_H_
