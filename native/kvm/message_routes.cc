// message_routes.cc: the table of routes, told to KVM anew at each change.

#include "kvm/message_routes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arch/arch.h"
#include "kvm/vm.h"
#include "sys/ioctl.h"

namespace hv {

namespace {

kvm_irq_routing_entry EntryOf(const Message& wanted) {
  kvm_irq_routing_entry message = {};
  message.type = KVM_IRQ_ROUTING_MSI;
  message.u.msi.address_lo = static_cast<uint32_t>(wanted.address);
  message.u.msi.address_hi = static_cast<uint32_t>(wanted.address >> 32);
  message.u.msi.data = wanted.data;
  if (wanted.device) {
    message.flags = KVM_MSI_VALID_DEVID;
    message.u.msi.devid = *wanted.device;
  }
  return message;
}

}  // namespace

uint32_t MessageRoutes::Add(const Vm& vm, const Message& wanted) {
  kvm_irq_routing_entry message = EntryOf(wanted);
  for (const auto& input : arch::InputRoutes(vm))
    message.gsi = std::max(message.gsi, input.gsi + 1);
  // 0: there are no inputs with routes.
  if (message.gsi == 0) throw std::system_error(ENODEV, std::generic_category(), "message routes");
  // The first free number.
  auto at = From(message.gsi);
  for (; at != messages_.end() && at->gsi == message.gsi; ++at) message.gsi++;
  messages_.insert(at, message);
  try {
    Tell(vm);
  } catch (...) {
    Forget(message.gsi);
    throw;
  }
  return message.gsi;
}

void MessageRoutes::Set(const Vm& vm, uint32_t gsi, const Message& wanted) {
  std::vector<kvm_irq_routing_entry> before = messages_;
  kvm_irq_routing_entry message = EntryOf(wanted);
  message.gsi = gsi;
  Forget(gsi);
  messages_.insert(From(gsi), message);
  try {
    Tell(vm);
  } catch (...) {
    messages_ = std::move(before);
    throw;
  }
}

std::vector<kvm_irq_routing_entry>::iterator MessageRoutes::From(uint32_t gsi) {
  auto is_below = [](const kvm_irq_routing_entry& each, uint32_t least) {
    return each.gsi < least;
  };
  return std::lower_bound(messages_.begin(), messages_.end(), gsi, is_below);
}

void MessageRoutes::Remove(const Vm& vm, uint32_t gsi) {
  Forget(gsi);
  Tell(vm);
}

void MessageRoutes::Forget(uint32_t gsi) {
  auto has_it = [&](const kvm_irq_routing_entry& each) { return each.gsi == gsi; };
  messages_.erase(std::remove_if(messages_.begin(), messages_.end(), has_it), messages_.end());
}

void MessageRoutes::Tell(const Vm& vm) const {
  std::vector<kvm_irq_routing_entry> routes;
  if (!is_split_) routes = arch::InputRoutes(vm);
  routes.insert(routes.end(), messages_.begin(), messages_.end());
  // struct kvm_irq_routing: how many there are, and they.
  std::vector<uint64_t> request((sizeof(kvm_irq_routing) + routes.size() * sizeof(routes[0])) /
                                sizeof(uint64_t));
  kvm_irq_routing head = {};
  head.nr = static_cast<uint32_t>(routes.size());
  std::memcpy(request.data(), &head, sizeof(head));
  std::memcpy(request.data() + sizeof(head) / sizeof(uint64_t), routes.data(),
              routes.size() * sizeof(routes[0]));
  Ioctl(vm.fd(), KVM_SET_GSI_ROUTING, "KVM_SET_GSI_ROUTING", request.data());
}

}  // namespace hv
