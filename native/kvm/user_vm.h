// user_vm.h: a VM that runs user programs: memory, address spaces and contexts for the KVM platform.
#ifndef HV_KVM_USER_VM_H_
#define HV_KVM_USER_VM_H_

#include <memory>
#include <vector>

#include "arch/context.h"
#include "kvm/page_table.h"

namespace hv {

constexpr uint64_t kProtRead = 1, kProtWrite = 2, kProtExec = 4;

class UserVm {
 public:
  // `memory_bytes`: of the MemoryFile, a multiple of the guest's page size, at most 4 GiB; rounded up to the host's.
  explicit UserVm(size_t memory_bytes);

  const std::shared_ptr<Vm>& vm() const { return vm_; }
  Region& memory() { return *memory_; }
  Region& supervisor() { return *supervisor_; }
  SupervisorPages& pages() { return pages_; }
  const Shim& shim() const { return shim_; }
  unsigned TakeIndex();
  void ReturnIndex(unsigned index) { free_indexes_.push_back(index); }

 private:
  std::shared_ptr<Vm> vm_;
  std::shared_ptr<Region> memory_;
  std::shared_ptr<Region> supervisor_;
  SupervisorPages pages_;
  Shim shim_;
  unsigned next_index_ = 0;
  std::vector<unsigned> free_indexes_;
};

class Space {
 public:
  explicit Space(std::shared_ptr<UserVm> vm) : vm_(std::move(vm)), table_(vm_->pages()) {}

  const PageTable& table() const { return table_; }
  // Maps or (protection 0) unmaps user pages. Throws std::out_of_range for an allegation out of bounds, std::system_error ENOMEM.
  void Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection);
  // `context` runs here from now on.
  void Enter(Context& context);
  void Leave(Context& context);

 private:
  std::shared_ptr<UserVm> vm_;
  PageTable table_;
  std::vector<Context*> contexts_;
};

}  // namespace hv

#endif  // HV_KVM_USER_VM_H_
