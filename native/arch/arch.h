// arch.h: what each architecture's folder gives the rest. The build picks the folder.
#ifndef HV_ARCH_ARCH_H_
#define HV_ARCH_ARCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kvm/debug.h"
#include "kvm/state.h"

namespace hv {

class Fd;
class System;
class Vm;
class Vcpu;

namespace arch {

// KVM_CREATE_VM's type for guest physical addresses of so many bits; 0: the usual ones. Throws std::system_error EOPNOTSUPP
// where there is no choice.
unsigned long VmType(const System& system, unsigned ipa_bits);
// What a new VM needs before its first vCPU.
void InitVm(Vm& vm);
// What a new vCPU needs before its first run: feature registers, not state. Throws std::system_error EOPNOTSUPP for an
// option that the architecture does not have.
void InitVcpu(Vcpu& vcpu);
// Shows the guest what the host stored there: to instruction fetches, and with caches off.
void PublishMemory(const uint8_t* begin, size_t size);

// A register's index is its place here: `rax`, `cr3`, `cs.selector`, `x0`, `sctlr_el1` … (src/vm/README.md).
const std::vector<std::string>& RegisterNames();
// So many of them, from the first on, has this vCPU.
size_t RegisterCount(const Vcpu& vcpu);
// Reads `count` registers. Throws std::out_of_range for an index that is none, std::system_error.
// Precondition for both: the vCPU does not run.
void ReadRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count, uint64_t* values);
// Writes them together: all or none. Throws besides std::out_of_range for a value wider than its register,
// std::system_error EINVAL for a state that KVM refuses, EOPNOTSUPP for one that this kind of host does not have.
void WriteRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count,
                    const uint64_t* values);

// Lets the hypercalls that KVM can hand to its user come out of KVM_RUN.
void OfferHypercalls(const Vm& vm);
// Brings the arguments of one that came out to kvm_run, and its result from the host to the guest.
void FetchHypercall(const Vcpu& vcpu);
void AnswerHypercall(const Vcpu& vcpu, uint64_t result);

// What vCPUs of this host can do for a debugger: nothing where KVM_SET_GUEST_DEBUG is not, or stops for nothing.
DebugLimits DebugLimitsOf(const System& system);
// Precondition: the vCPU does not run. Throws std::invalid_argument for what the architecture's registers cannot hold.
void SetDebug(Vcpu& vcpu, const DebugRequest& request);
// Precondition: KVM_RUN ended with KVM_EXIT_DEBUG.
DebugStop ReadDebugStop(const Vcpu& vcpu);

// All parts of a vCPU's state, in the order in which they are restored, behind the VM's memory.
// Precondition of their functions: the vCPU does not run, no exit waits to be completed (api.rst, 5), and Vm::Start was called.
const std::vector<StatePart<Vcpu>>& VcpuParts();
// What a VM has beside that; restored behind all vCPUs' parts. Precondition: none of them runs.
const std::vector<StatePart<Vm>>& VmParts();
// The part of a vCPU that is the interrupt controller's.
Bytes ReadLocalController(Vcpu& vcpu);
void WriteLocalController(Vcpu& vcpu, const Bytes& bytes);
// Floating-point and vector registers: XSAVE's standard format (SDM vol. 1, 13.4); struct user_fpsimd_state.
Bytes ReadVectors(Vcpu& vcpu);
void WriteVectors(Vcpu& vcpu, const Bytes& bytes);

// The leaves that KVM offers (KVM_GET_SUPPORTED_CPUID), as the part "cpuid" has them; nothing where there is no CPUID.
Bytes OfferedCpuid(const System& system);

// Model-specific registers. Throw std::system_error EOPNOTSUPP where the architecture has none, EINVAL for what KVM refuses.
std::vector<uint32_t> MsrIndexes(const System& system);
uint64_t ReadMsr(const Vcpu& vcpu, uint32_t index);
void WriteMsr(const Vcpu& vcpu, uint32_t index, uint64_t value);

// Gives the VM an interrupt controller, before its first vCPU; `version`: 2 or 3, of the GIC. Throws std::system_error
// ENODEV where KVM has none that hv knows.
Fd CreateInterruptController(const Vm& vm, unsigned& version);
// KVM_IRQ_LINE's number of an input of the interrupt controller.
uint32_t LineOf(uint32_t gsi);
// After the last vCPU was made, before the first run.
void StartInterruptController(const Fd& controller);

}  // namespace arch
}  // namespace hv

#endif  // HV_ARCH_ARCH_H_
