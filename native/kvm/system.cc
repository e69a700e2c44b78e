// system.cc: /dev/kvm (Documentation/virt/kvm/api.rst, section 4: system ioctls).

#include "kvm/system.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "sys/ioctl.h"

namespace hv {

namespace {

// The held descriptor. It serves the one thread that jails itself; only processes without a jail have other threads.
std::atomic<int> held = -1;

int OpenKvm() {
  const int fd = held.load();
  return fd >= 0 ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0) : ::open("/dev/kvm", O_RDWR | O_CLOEXEC);
}

}  // namespace

int HoldKvm() {
  const int fd = OpenKvm();
  if (fd < 0) return errno;
  DropKvm();
  held.store(fd);
  return 0;
}

void DropKvm() {
  if (const int fd = held.exchange(-1); fd >= 0) ::close(fd);
}

System::System() : fd_(hv::Check(OpenKvm(), "open /dev/kvm")) {
  if (Ioctl(fd(), KVM_GET_API_VERSION, "KVM_GET_API_VERSION", 0) != KVM_API_VERSION) {
    throw std::system_error(EPROTO, std::generic_category(), "KVM_GET_API_VERSION");
  }
}

int System::Check(unsigned capability) const {
  const int value = ::ioctl(fd(), KVM_CHECK_EXTENSION, capability);
  if (value >= 0) return value;
  // KVM_CAP_MSI_DEVID of arm64 is answered for a VM alone.
  const Fd vm = CreateVm(0);
  return Ioctl(vm.get(), KVM_CHECK_EXTENSION, "KVM_CHECK_EXTENSION", capability);
}

Fd System::CreateVm(unsigned long type) const {
  return Fd(Ioctl(fd(), KVM_CREATE_VM, "KVM_CREATE_VM", type));
}

size_t System::RunSize() const {
  return static_cast<size_t>(Ioctl(fd(), KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE", 0));
}

}  // namespace hv
