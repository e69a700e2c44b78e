// system.h: /dev/kvm itself: its version, what it can do, and new VMs.
#pragma once

#include <cstddef>

#include "sys/fd.h"

namespace hv {

// linux/kvm.h since 6.16.
constexpr unsigned kCapArmEl2 = 240;

// Opens /dev/kvm for all that follows: in a jail no path can be opened. Returns 0 or an errno.
int HoldKvm();
// Closes what HoldKvm opened. Without effect on what was made through it.
void DropKvm();

class System {
 public:
  // Throws std::system_error when /dev/kvm does not open, or speaks another API than version 12.
  System();

  int fd() const { return fd_.get(); }
  // KVM_CHECK_EXTENSION: 0 when KVM does not know the capability.
  int Check(unsigned capability) const;
  // `type`: see arch::VmType.
  Fd CreateVm(unsigned long type = 0) const;
  // Bytes of each vCPU's struct kvm_run.
  size_t RunSize() const;

 private:
  Fd fd_;
};

}  // namespace hv
