// pvm.h: what a PVM host (KVM without VT-x and SVM: module kvm_pvm) does differently, all in one place.
//
// - SYSCALL goes to LSTAR in ring 3, so entry code and frame are mapped for the program: shim/x86_64/pvm.S.
// - The doorbell is a store into a page without memory: KVM_EXIT_MMIO. A jump there, KVM_EXIT_INTERNAL_ERROR, takes some 2 us less.
//   But for each of the first ten such jumps in five seconds the kernel writes a line to its console: 1.4 ms on a serial one.
// - KVM_GET_SUPPORTED_CPUID hides XSAVE, though KVM takes CR4.OSXSAVE and XCR0, and saves the state. Ring 3 sees neither
//   these leaves nor what is hidden there: its CPUID is the processor's own, but for OSXSAVE.
// - The flag NT is lost at the next interrupt or call of ring 3: the host's kernel returns without it.
// - LDMXCSR of reserved bits is #UD instead of #GP.
// - A page-table entry that was present stays in KVM's shadow until the host's own entry for the same memory is dropped: KVM's MMU
//   notifier tells it so. A more generous entry needs no drop: the old one faults, and the fault looks the entry up again.
// - A vCPU whose fault KVM is resolving may have read the old entry before the drop, and may store it in the shadow after it: it is
//   stopped first (kvm/space.cc). One that waits in the entry code is not. A program there may only pretend to wait, which is
//   accepted: it would have to be descheduled inside that fault for as long as the drop takes.
// - When KVM_RUN ends for a signal, an exception that was about to be delivered is lost. A fault comes again. The traps of INT3 and of a
//   single step do not: the program is behind the instruction already. KVM_GET_VCPU_EVENTS still tells the vector of the last exception,
//   lost or not.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <vector>

namespace hv {
class Vcpu;
}

namespace hv::pvm {

// Is this a PVM host? KVM has no capability for it: the module's presence tells.
bool IsHost();

// Offers XSAVE in a program's CPUID if this process has it.
void AddXsave(std::vector<kvm_cpuid_entry2>& entries);

// Did KVM_RUN end because the program's entry code rang the doorbell? `rang`: the address after that store.
bool RangDoorbell(const kvm_run& run, uint64_t rang);
// Did the program itself touch a doorbell's page? If it loaded, the next KVM_RUN gives it zeros.
bool TouchedDoorbell(kvm_run& run);

// Call after each exception that came: from then on, a trap that is lost can be told.
void ForgetException(const Vcpu& vcpu);
// The vector of a trap that was lost when KVM_RUN ended for a signal, in the program's own code; 0: none. Tells it once.
uint64_t TakeLostTrap(const Vcpu& vcpu);

// Makes KVM forget its shadow of entries that led to these bytes of host memory. `is_kept`: others lead there now.
void Forget(uint8_t* memory, uint64_t length, bool is_kept);

}  // namespace hv::pvm
