// pvm.cc: recognising a PVM host and mending its shadow page tables.

#include "arch/x86_64/pvm.h"

#include <sys/mman.h>
#include <unistd.h>

#include "sys/ioctl.h"

namespace hv::pvm {

bool IsHost() {
  static const bool is_host = ::access("/sys/module/kvm_pvm", F_OK) == 0;
  return is_host;
}

bool RangDoorbell(const kvm_run& run, uint64_t address) {
  return run.exit_reason == KVM_EXIT_INTERNAL_ERROR &&
         run.internal.suberror == KVM_INTERNAL_ERROR_EMULATION && run.s.regs.regs.rip == address;
}

// Taking the access away invalidates KVM's entries through its MMU notifier; the bytes stay.
void Forget(uint8_t* memory, uint64_t length) {
  Check(::mprotect(memory, length, PROT_NONE), "mprotect");
  Check(::mprotect(memory, length, PROT_READ | PROT_WRITE), "mprotect");
}

}  // namespace hv::pvm
