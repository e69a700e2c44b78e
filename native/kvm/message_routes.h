// message_routes.h: message-signalled interrupts under numbers like those of inputs, by which irqfds send them (api.rst,
// KVM_SET_GSI_ROUTING).
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <vector>

namespace hv {

// Of one VM. KVM takes all routes at once, those of the inputs included.
class MessageRoutes {
 public:
  // Returns the message's number. Throws std::system_error ENODEV where nothing in a VM takes messages.
  uint32_t Add(int vm_fd, uint64_t address, uint32_t data);
  // Precondition: `gsi` is from Add, and no irqfd has it.
  void Remove(int vm_fd, uint32_t gsi);

 private:
  void Forget(uint32_t gsi);
  void Tell(int vm_fd) const;

  std::vector<kvm_irq_routing_entry> messages_;
};

}  // namespace hv
