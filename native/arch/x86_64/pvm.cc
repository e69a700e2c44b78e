// pvm.cc: recognising a PVM host, what its CPUID hides, and mending its shadow page tables.

#include "arch/x86_64/pvm.h"

#include <cpuid.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/ioctl.h"

namespace hv::pvm {

bool IsHost() {
  static const bool is_host = ::access("/sys/module/kvm_pvm", F_OK) == 0;
  return is_host;
}

void AddXsave(std::vector<kvm_cpuid_entry2>& entries) {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  if (!(ecx & bit_OSXSAVE)) return;
  for (kvm_cpuid_entry2& entry : entries) {
    if (entry.function == 1) entry.ecx |= bit_XSAVE | bit_OSXSAVE;
  }
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
