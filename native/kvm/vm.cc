// vm.cc: KVM_CREATE_VM and KVM_SET_USER_MEMORY_REGION (api.rst, section 4: VM ioctls).

#include "kvm/vm.h"

#include <linux/kvm.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "arch/arch.h"
#include "kvm/guest_memfd.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

// Bits 16 to 31 of a slot's number: the address space of vCPUs in system management mode (api.rst, KVM_SET_USER_MEMORY_REGION).
constexpr uint32_t kManagementView = 1 << 16;

}  // namespace

Vm::Vm(unsigned ipa_bits, CpuFeatures features, uint32_t dirty_ring, bool is_protected)
    : is_protected_(is_protected),
      fd_(system_.CreateVm(arch::VmType(system_, ipa_bits, is_protected))),
      features_(features),
      dirty_log_(system_, fd(), dirty_ring) {
  arch::InitVm(*this);
}

std::shared_ptr<Region> Vm::AddRegion(uint64_t guest_address, size_t size, bool file) {
  return AddRegion(guest_address,
                   file ? SharedMemory::OfFile("hv-guest", size) : SharedMemory::Anonymous(size),
                   0);
}

std::shared_ptr<Region> Vm::AddRegion(uint64_t guest_address, SharedMemory memory, uint32_t flags) {
  auto region = std::make_shared<Region>(Region{std::move(memory), guest_address, FreeSlot()});
  region->flags = flags;
  const bool is_logged = (flags & KVM_MEM_LOG_DIRTY_PAGES) != 0;
  if (is_logged)
    dirty_log_.AddSlot(region->slot,
                       region->mapping.size() / static_cast<size_t>(::sysconf(_SC_PAGESIZE)));
  try {
    SetSlot(*region, region->mapping.size(), flags);
  } catch (...) {
    dirty_log_.RemoveSlot(region->slot);
    throw;
  }
  regions_.push_back(region);
  return region;
}

// The first slot number that no region has: KVM has few.
uint32_t Vm::FreeSlot() const {
  uint32_t slot = 0;
  auto has_it = [&](const std::shared_ptr<Region>& each) { return each->slot == slot; };
  while (std::any_of(regions_.begin(), regions_.end(), has_it)) slot++;
  return slot;
}

void Vm::RemoveRegion(const Region& region) {
  SetSlot(region, 0, 0);
  dirty_log_.RemoveSlot(region.slot);
  auto same = [&](const std::shared_ptr<Region>& each) { return each.get() == &region; };
  regions_.erase(std::remove_if(regions_.begin(), regions_.end(), same), regions_.end());
}

void Vm::SetPrivate(const Region& region, uint64_t offset, uint64_t length, bool is_private) {
  guest_memfd::SetPrivate(fd(), region.guest_address + offset, length, is_private);
}

void Vm::EndMissing() {
  for (const auto& region : regions_) region->missing.reset();
}

void Vm::SetSlot(const Region& region, size_t size, uint32_t flags) const {
  kvm_userspace_memory_region slot = {};
  slot.slot = region.slot;
  slot.flags = flags;
  slot.guest_phys_addr = region.guest_address;
  slot.memory_size = size;
  slot.userspace_addr = AddressOf(region.mapping.data());
  SetSlot(region, slot);
  if (!has_management_view_) return;
  slot.slot |= kManagementView;
  SetSlot(region, slot);
}

void Vm::SetSlot(const Region& region, const kvm_userspace_memory_region& slot) const {
  if ((slot.flags & guest_memfd::kSlotFlag) != 0)
    guest_memfd::SetSlot(fd(), slot, region.file.get());
  else
    Ioctl(fd(), KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", &slot);
}

void Vm::ShowToManagementMode() {
  if (has_management_view_) return;
  // Of this VM: one with private memory has a single address space.
  if (Ioctl(fd(), KVM_CHECK_EXTENSION, "KVM_CHECK_EXTENSION", KVM_CAP_MULTI_ADDRESS_SPACE) < 2)
    throw std::system_error(EOPNOTSUPP, std::generic_category(), "KVM_CAP_MULTI_ADDRESS_SPACE");
  has_management_view_ = true;
  for (const auto& region : regions_) SetSlot(*region, region->mapping.size(), region->flags);
}

unsigned Vm::AddInterruptController(bool is_split) {
  unsigned version = 0;
  interrupt_controller_ = arch::CreateInterruptController(*this, is_split, version);
  if (is_split) messages_.Split();
  controller_version_ = static_cast<int>(version);
  message_controller_ = arch::CreateMessageController(*this);
  return version;
}

void Vm::SetLine(uint32_t gsi, bool high) {
  Start();
  kvm_irq_level line = {};
  line.irq = arch::LineOf(gsi);
  line.level = high;
  Ioctl(fd(), KVM_IRQ_LINE, "KVM_IRQ_LINE", &line);
}

bool Vm::SignalMsi(const Message& message) {
  Start();
  kvm_msi request = {};
  request.address_lo = static_cast<uint32_t>(message.address);
  request.address_hi = static_cast<uint32_t>(message.address >> 32);
  request.data = message.data;
  if (message.device) {
    request.flags = KVM_MSI_VALID_DEVID;
    request.devid = *message.device;
  }
  const int result = ::ioctl(fd(), KVM_SIGNAL_MSI, &request);
  // EBUSY: the guest has not switched its ITS on.
  return result > 0 || (result < 0 && errno != EBUSY && Check(result, "KVM_SIGNAL_MSI") > 0);
}

void Vm::SetIoeventfd(const IoeventfdPlace& place, const Eventfd& eventfd, bool is_on) {
  kvm_ioeventfd request = {};
  request.fd = eventfd.fd();
  request.addr = place.address;
  request.len = place.length;
  request.datamatch = place.value;
  if (place.is_port) request.flags |= KVM_IOEVENTFD_FLAG_PIO;
  if (place.has_value) request.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
  if (!is_on) request.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
  Ioctl(fd(), KVM_IOEVENTFD, "KVM_IOEVENTFD", &request);
}

void Vm::SetIrqfd(uint32_t gsi, const Eventfd& eventfd, const Eventfd* resample, bool is_on) {
  Start();
  kvm_irqfd request = {};
  request.fd = static_cast<uint32_t>(eventfd.fd());
  request.gsi = gsi;
  if (!is_on) request.flags |= KVM_IRQFD_FLAG_DEASSIGN;
  if (resample != nullptr) {
    request.flags |= KVM_IRQFD_FLAG_RESAMPLE;
    request.resamplefd = static_cast<uint32_t>(resample->fd());
  }
  Ioctl(fd(), KVM_IRQFD, "KVM_IRQFD", &request);
}

void Vm::Start() {
  if (started_) return;
  if (interrupt_controller_.get() >= 0) arch::StartInterruptController(interrupt_controller_);
  started_ = true;
}

Fd Vm::CreateVcpu(unsigned id) const {
  if (has_run_.load(std::memory_order_relaxed) && !arch::TakesLateVcpus())
    throw std::system_error(EBUSY, std::generic_category(), "KVM_CREATE_VCPU");
  return Fd(Ioctl(fd(), KVM_CREATE_VCPU, "KVM_CREATE_VCPU", id));
}

}  // namespace hv
