// pvm.h: what a PVM host (KVM without VT-x and SVM: module kvm_pvm) does otherwise, all in one place.
//
// - SYSCALL goes to LSTAR in ring 3, so entry code and frame are mapped for the program: shim/x86_64/pvm.S.
// - The doorbell is a fetch from an executable page without memory: KVM_EXIT_INTERNAL_ERROR, emulation failure.
// - A page-table entry that was present stays in KVM's shadow until the memory behind it is unmapped on the host.
#ifndef HV_ARCH_X86_64_PVM_H_
#define HV_ARCH_X86_64_PVM_H_

#include <linux/kvm.h>

#include <cstdint>

namespace hv::pvm {

// Is this host one? KVM has no capability for it: the module says so.
bool IsHost();

// Did KVM_RUN end because the program's entry code rang the doorbell at `address`?
bool RangDoorbell(const kvm_run& run, uint64_t address);

// Makes KVM forget its shadow of entries that lead to these bytes of host memory.
void Forget(uint8_t* memory, uint64_t length);

}  // namespace hv::pvm

#endif  // HV_ARCH_X86_64_PVM_H_
