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

// Of one VM. KVM takes all routes at once, those of the inputs included, which in a split controller are messages themselves.
class MessageRoutes {
 public:
  // Returns the message's number. Throws std::system_error ENODEV where nothing in the VM takes messages.
  uint32_t Add(const Vm& vm, const Message& message);
  // What input `gsi` of a split controller sends.
  void Set(const Vm& vm, uint32_t gsi, const Message& message);
  // Precondition: `gsi` is from Add, and no irqfd has it; or it is an input of a split controller.
  void Remove(const Vm& vm, uint32_t gsi);
  // KVM has no inputs.
  void Split() { is_split_ = true; }
  bool is_split() const { return is_split_; }

 private:
  std::vector<kvm_irq_routing_entry>::iterator From(uint32_t gsi);
  void Forget(uint32_t gsi);
  void Tell(const Vm& vm) const;

  // Sorted by gsi.
  std::vector<kvm_irq_routing_entry> messages_;
  bool is_split_ = false;
};

}  // namespace hv
