// message_routes.h: message-signalled interrupts under numbers like those of inputs, by which irqfds send them (api.rst,
// KVM_SET_GSI_ROUTING).
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace hv {

class Vm;

// A message-signalled interrupt.
struct Message {
  uint64_t address;
  uint32_t data;
  std::optional<uint32_t> device;  // who sends it, where the controller asks
};

// Of one VM. KVM takes all routes at once, those of the inputs included.
class MessageRoutes {
 public:
  // Returns the message's number. Throws std::system_error ENODEV where nothing in the VM takes messages.
  uint32_t Add(const Vm& vm, const Message& message);
  // Precondition: `gsi` is from Add, and no irqfd has it.
  void Remove(const Vm& vm, uint32_t gsi);

 private:
  void Forget(uint32_t gsi);
  void Tell(const Vm& vm) const;

  std::vector<kvm_irq_routing_entry> messages_;
};

}  // namespace hv
