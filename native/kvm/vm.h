// vm.h: one virtual machine: its memory slots and its vCPUs' descriptors.
#ifndef HV_KVM_VM_H_
#define HV_KVM_VM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kvm/system.h"
#include "sys/shared_memory.h"

namespace hv {

// Guest memory: what KVM shows the guest at `guest_address`. Shared with the ArrayBuffer over it.
struct Region : SharedMemory {
  uint64_t guest_address;
};

class Vm {
 public:
  // `ipa_bits`: see arch::VmType. Throws std::system_error.
  explicit Vm(unsigned ipa_bits = 0);
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  const System& system() const { return system_; }
  int fd() const { return fd_.get(); }

  // Gives the guest `size` bytes (a multiple of the page size) at `guest_address`, lazily backed: by a memfd, or by
  // anonymous memory. Throws std::system_error.
  std::shared_ptr<Region> AddRegion(uint64_t guest_address, size_t size, bool file);
  // A guest physical range as host memory. Throws std::out_of_range when a byte of it is no memory.
  uint8_t* Translate(uint64_t guest_address, size_t size) const;
  // Before the first vCPU. Returns which it is: the GIC's version. Throws std::system_error ENODEV where there is none.
  unsigned AddInterruptController();
  // Before each run: an interrupt controller starts with the first, and KVM makes no vCPU after that.
  void Start();
  Fd CreateVcpu(unsigned id) const;
  // In the order in which they were added.
  const std::shared_ptr<Region>& region(size_t index) const { return regions_.at(index); }

 private:
  System system_;
  Fd fd_;
  Fd interrupt_controller_;
  bool started_ = false;
  std::vector<std::shared_ptr<Region>> regions_;
};

}  // namespace hv

#endif  // HV_KVM_VM_H_
