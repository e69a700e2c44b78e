// user_vm.h: a VM that runs user programs: what the KVM platform's Cpus and address spaces share.
#pragma once

#include <atomic>
#include <memory>

#include "arch/cpu.h"
#include "kvm/page_table.h"

namespace hv {

class UserVm {
 public:
  // `memory_bytes`: the MemoryFile's size, a multiple of the guest's page size, at most 4 GiB; rounded up to the host's.
  // `cpus`: how many are wanted.
  UserVm(size_t memory_bytes, unsigned cpus);

  const std::shared_ptr<Vm>& vm() const { return vm_; }
  Region& memory() { return *memory_; }
  SupervisorPages& pages() { return pages_; }
  const Shim& shim() const { return shim_; }
  // See Shim.
  unsigned OpenGate() { return shim_.OpenGate(); }
  // The index of a new Cpu, unique in this VM. Throws std::system_error EAGAIN.
  unsigned TakeIndex();
  // As many as are wanted, if KVM allows so many.
  unsigned cpus() const { return cpus_; }

  // A word of host-only memory that is set when any Cpu's thread stops.
  uint64_t stops_page() const { return stops_page_; }
  std::atomic<uint32_t>& stops() const {
    // SAFETY: see futex.h; the page was allocated for this word and lives as long as the VM.
    return *reinterpret_cast<std::atomic<uint32_t>*>(pages_.Data(stops_page_));
  }

 private:
  std::shared_ptr<Vm> vm_;
  std::shared_ptr<Region> memory_;
  std::shared_ptr<Region> supervisor_;
  SupervisorPages pages_;
  Shim shim_;
  uint64_t stops_page_;
  unsigned cpus_;
  unsigned next_index_ = 0;
};

}  // namespace hv
