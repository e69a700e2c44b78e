// vm.cc: KVM_CREATE_VM and KVM_SET_USER_MEMORY_REGION (api.rst, section 4: VM ioctls).

#include "kvm/vm.h"

#include <linux/kvm.h>

#include <stdexcept>

#include "arch/arch.h"
#include "sys/ioctl.h"

namespace hv {

Vm::Vm(unsigned ipa_bits) : fd_(system_.CreateVm(arch::VmType(system_, ipa_bits))) {
  arch::InitVm(*this);
}

std::shared_ptr<Region> Vm::AddRegion(uint64_t guest_address, size_t size, bool file) {
  auto region = std::make_shared<Region>(
      Region{file ? SharedMemory::OfFile("hv-guest", size) : SharedMemory::Anonymous(size),
             guest_address});

  kvm_userspace_memory_region slot = {};
  slot.slot = static_cast<uint32_t>(regions_.size());
  slot.guest_phys_addr = guest_address;
  slot.memory_size = size;
  slot.userspace_addr = AddressOf(region->mapping.data());
  Ioctl(fd(), KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", &slot);
  regions_.push_back(region);
  return region;
}

uint8_t* Vm::Translate(uint64_t guest_address, size_t size) const {
  for (const auto& region : regions_) {
    if (guest_address < region->guest_address) continue;
    uint64_t offset = guest_address - region->guest_address;
    if (offset >= region->mapping.size() || size > region->mapping.size() - offset) continue;
    return region->mapping.data() + offset;
  }
  throw std::out_of_range("guest physical range is not memory");
}

unsigned Vm::AddInterruptController() {
  unsigned version = 0;
  interrupt_controller_ = arch::CreateInterruptController(*this, version);
  return version;
}

void Vm::Start() {
  if (started_) return;
  if (interrupt_controller_.get() >= 0) arch::StartInterruptController(interrupt_controller_);
  started_ = true;
}

Fd Vm::CreateVcpu(unsigned id) const {
  return Fd(Ioctl(fd(), KVM_CREATE_VCPU, "KVM_CREATE_VCPU", id));
}

}  // namespace hv
