// arch.h: what each architecture's folder provides to the rest. The build picks the folder.
#pragma once

#include <linux/kvm.h>

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

// KVM_CREATE_VM's type for guest physical addresses of `ipa_bits` bits; 0: the usual width. `is_protected`: a software-protected VM.
// Throws std::system_error EOPNOTSUPP for what the architecture does not have.
unsigned long VmType(const System& system, unsigned ipa_bits, bool is_protected);
// What a new VM needs before its first vCPU.
void InitVm(Vm& vm);
// AMX's tiles: Linux lets a process's guests have them if it asks before its first vCPU (Documentation/arch/x86/xstate.rst). Returns an
// errno: EBUSY: it has had one; others: the host has none.
int AllowTiles(const System& system);
// What a new vCPU needs before its first run: feature registers, not state. Throws std::system_error EOPNOTSUPP for an
// option that the architecture does not have.
void InitVcpu(Vcpu& vcpu);
// Whether a vCPU can be made after another of its VM has run.
bool TakesLateVcpus();
// What it needs after its VM's interrupt controller has started, before its first run. Throws std::system_error.
void StartVcpu(Vcpu& vcpu);
// Makes what the host stored there visible to the guest: to its instruction fetches, and to accesses with caches off.
void PublishMemory(const uint8_t* begin, size_t size);

// A register's index is its position here: `rax`, `cr3`, `cs.selector`, `x0`, `sctlr_el1` … (src/vm/README.md).
std::vector<std::string> RegisterNames();
// How many of them this vCPU has: it has the first ones.
size_t RegisterCount(const Vcpu& vcpu);
// Reads `count` registers. Throws std::out_of_range for an index that no register has, std::system_error.
// Precondition for both: the vCPU does not run.
void ReadRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count, uint64_t* values);
// Writes them together: all or none. Also throws std::out_of_range for a value wider than its register,
// std::system_error EINVAL for a state that KVM refuses, EOPNOTSUPP for one that this kind of host does not have.
void WriteRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count,
                    const uint64_t* values);

// Makes KVM_RUN return for the hypercalls that KVM can hand to its user.
void OfferHypercalls(const Vm& vm);
// Copy such a hypercall's arguments into kvm_run, and its result from the host to the guest.
void FetchHypercall(const Vcpu& vcpu);
void AnswerHypercall(const Vcpu& vcpu, uint64_t result);

// What vCPUs of this host can do for a debugger: nothing where KVM_SET_GUEST_DEBUG is missing, or stops for nothing.
DebugLimits DebugLimitsOf(const System& system);
// Precondition: the vCPU does not run. Throws std::invalid_argument for a request that the architecture's registers cannot hold.
void SetDebug(Vcpu& vcpu, const DebugRequest& request);
// Precondition: KVM_RUN ended with KVM_EXIT_DEBUG.
DebugStop ReadDebugStop(const Vcpu& vcpu);

// All parts of a vCPU's state, in the order in which they are restored, after the VM's memory.
// Precondition of their functions: the vCPU does not run, no exit waits to be completed (api.rst, 5), and Vm::Start was called.
const std::vector<StatePart<Vcpu>>& VcpuParts();
// The parts of a VM's own state; restored after all vCPUs' parts. Precondition: none of them runs.
const std::vector<StatePart<Vm>>& VmParts();
// The part of a vCPU that belongs to the interrupt controller.
Bytes ReadLocalController(Vcpu& vcpu);
void WriteLocalController(Vcpu& vcpu, const Bytes& bytes);
// Floating-point and vector registers: XSAVE's standard format (SDM vol. 1, 13.4); struct user_fpsimd_state.
Bytes ReadVectors(Vcpu& vcpu);
void WriteVectors(Vcpu& vcpu, const Bytes& bytes);
// Where each component of XSAVE lies there, by its number; nothing where there is no XSAVE.
std::vector<uint32_t> VectorOffsets();

// The leaves that KVM offers (KVM_GET_SUPPORTED_CPUID), as in the part "cpuid"; nothing where there is no CPUID.
Bytes OfferedCpuid(const System& system);

// Model-specific registers. Throw std::system_error EOPNOTSUPP where the architecture has none, EINVAL for what KVM refuses.
std::vector<uint32_t> MsrIndexes(const System& system);
uint64_t ReadMsr(const Vcpu& vcpu, uint32_t index);
void WriteMsr(const Vcpu& vcpu, uint32_t index, uint64_t value);

// Gives the VM an interrupt controller, before its first vCPU; `version`: the GIC's, 2 or 3. Throws std::system_error
// ENODEV where KVM has none that hv knows.
Fd CreateInterruptController(const Vm& vm, bool is_split, unsigned& version);
// KVM_IRQ_LINE's number for an input of the interrupt controller.
uint32_t LineOf(uint32_t gsi);
// The same for a vCPU's own input, IRQ or (`is_fast`) FIQ. Throws std::system_error EOPNOTSUPP where vCPUs have none.
uint32_t LineOfVcpu(unsigned id, bool is_fast);
// The device that takes messages beside an interrupt controller, before the first vCPU; none where it takes them itself, or KVM has none.
Fd CreateMessageController(const Vm& vm);
// The routes of the inputs, as KVM has them unless it is told of others; none where nothing in the VM takes messages.
std::vector<kvm_irq_routing_entry> InputRoutes(const Vm& vm);
// After the last vCPU is made, before the first run.
void StartInterruptController(const Fd& controller);

}  // namespace arch
}  // namespace hv
