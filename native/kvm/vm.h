// vm.h: one virtual machine: its memory slots and its vCPUs' descriptors.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "kvm/device_table.h"
#include "kvm/dirty_log.h"
#include "kvm/message_routes.h"
#include "kvm/system.h"
#include "sys/eventfd.h"
#include "sys/shared_memory.h"

namespace hv {

// Guest memory: what KVM shows the guest at `guest_address`. Shared with the ArrayBuffer over it.
struct Region : SharedMemory {
  uint64_t guest_address;
  uint32_t slot = 0;
  uint32_t flags = 0;
};

// Which stores of a guest signal an eventfd instead of causing an exit (api.rst, KVM_IOEVENTFD).
struct IoeventfdPlace {
  bool is_port;
  uint64_t address;
  uint32_t length;  // 0: any
  bool has_value;   // stores of other values than `value` are exits
  uint64_t value;
};

// What vCPUs have beyond what all of their architecture have: the same for all of a VM.
struct CpuFeatures {
  bool sve = false;
  uint32_t sve_bits = 0;  // of the longest vectors; 0: of the host's
  bool pauth = false;
  bool pmu = false;
  bool mte = false;
  bool el1_is_32_bit = false;
  bool amx = false;
};

class Vm {
 public:
  // `ipa_bits`, `is_protected`: see arch::VmType. `dirty_ring`: entries, see DirtyLog. Throws std::system_error.
  explicit Vm(unsigned ipa_bits = 0, CpuFeatures features = {}, uint32_t dirty_ring = 0,
              bool is_protected = false);
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  const System& system() const { return system_; }
  int fd() const { return fd_.get(); }
  // Its memory of a guest_memfd can be private.
  bool is_protected() const { return is_protected_; }
  const CpuFeatures& features() const { return features_; }

  // Gives the guest `size` bytes (a multiple of the page size) at `guest_address`, lazily backed by a memfd or by
  // anonymous memory. Throws std::system_error.
  std::shared_ptr<Region> AddRegion(uint64_t guest_address, size_t size, bool file);
  // The same with existing memory. `flags`: KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY; or that of guest_memfd.h.
  std::shared_ptr<Region> AddRegion(uint64_t guest_address, SharedMemory memory, uint32_t flags);
  // The guest no longer sees anything there. The memory is freed with its last user.
  void RemoveRegion(const Region& region);
  // From now on the guest finds these pages in the region's file, or (not `is_private`) in its mapping, as at first. Preconditions:
  // is_protected, a region with guest_memfd.h's flag, whole pages of it. Throws std::system_error, and nothing has changed then.
  void SetPrivate(const Region& region, uint64_t offset, uint64_t length, bool is_private);
  // Whoever waits for a missing page goes on: such pages are zero from now on.
  void EndMissing();
  // From now on vCPUs in system management mode find the same memory, in which they otherwise find none. Throws std::system_error
  // EOPNOTSUPP where KVM has no such mode.
  void ShowToManagementMode();
  // Before the first vCPU. `is_split`: x86_64's local APICs alone. Returns the GIC's version. Throws std::system_error ENODEV where KVM
  // has no controller.
  unsigned AddInterruptController(bool is_split);
  // Sets the level of an input of the interrupt controller. Throws std::system_error ENXIO where there is no controller.
  void SetLine(uint32_t gsi, bool high);
  // Sends a message-signalled interrupt; false: the guest has it switched off. Throws std::system_error.
  bool SignalMsi(const Message& message);
  // The message's number, for SetIrqfd: see MessageRoutes.
  uint32_t AddMessage(const Message& message) { return messages_.Add(*this, message); }
  // What an input of a split controller sends.
  void SetInputMessage(uint32_t gsi, const Message& message) { messages_.Set(*this, gsi, message); }
  // Of either.
  void RemoveMessage(uint32_t gsi) { messages_.Remove(*this, gsi); }
  // From now on, or (not `is_on`) no longer. KVM keeps the eventfd, and releases it with the VM. Throws std::system_error: EEXIST when
  // there is already one for such stores.
  void SetIoeventfd(const IoeventfdPlace& place, const Eventfd& eventfd, bool is_on);
  // The same for signals that interrupt the guest through an input of the interrupt controller. With `resample` the input stays raised
  // until the guest has taken the interrupt, which signals `resample` (api.rst, KVM_IRQFD).
  void SetIrqfd(uint32_t gsi, const Eventfd& eventfd, const Eventfd* resample, bool is_on);
  // Before each run or interrupt: an interrupt controller starts with the first, and KVM makes no vCPU after that on arm64.
  void Start();
  // Throws std::system_error: EBUSY: it is too late.
  Fd CreateVcpu(unsigned id) const;
  void NoteRun() { has_run_.store(true, std::memory_order_relaxed); }
  // In the order in which they were added.
  const std::shared_ptr<Region>& region(size_t index) const { return regions_.at(index); }
  DeviceTable& devices() { return devices_; }
  DirtyLog& dirty_log() { return dirty_log_; }
  bool has_interrupt_controller() const { return controller_version_ >= 0; }
  // KVM has local APICs, and no other controller.
  bool has_split_controller() const { return messages_.is_split(); }
  // The GIC's; 0: another controller; -1: none.
  int controller_version() const { return controller_version_; }
  // The GIC's device, or -1.
  int interrupt_controller() const { return interrupt_controller_.get(); }
  // The device that takes messages, where it is one of its own (a GICv3's ITS); or -1.
  int message_controller() const { return message_controller_.get(); }

 private:
  void SetSlot(const Region& region, size_t size, uint32_t flags) const;
  void SetSlot(const Region& region, const kvm_userspace_memory_region& slot) const;
  uint32_t FreeSlot() const;

  System system_;
  bool is_protected_;
  Fd fd_;
  CpuFeatures features_;
  DirtyLog dirty_log_;
  DeviceTable devices_{[this](uint32_t gsi, bool is_high) { SetLine(gsi, is_high); }};
  MessageRoutes messages_;
  Fd interrupt_controller_;
  Fd message_controller_;
  int controller_version_ = -1;
  bool started_ = false;
  std::atomic<bool> has_run_ = false;
  bool has_management_view_ = false;
  std::vector<std::shared_ptr<Region>> regions_;
};

}  // namespace hv
