// space.h: an address space of user programs: its page tables, and the Cpus that use them.
#pragma once

#include <memory>
#include <vector>

#include "kvm/user_vm.h"

namespace hv {

constexpr uint64_t kProtExec = 4;

class UserCpu;

// Maps user pages to the MemoryFile from `offset` on, or (protection 0) unmaps them.
struct Edit {
  uint64_t address, length, offset, protection;
};

// The sentry's thread alone calls everything; Cpus may run programs here meanwhile.
class Space {
 public:
  // Throws std::system_error ENOMEM.
  explicit Space(std::shared_ptr<UserVm> vm);
  ~Space();

  // Applies the edits in their order: afterwards no Cpu translates with anything that they took away. If the edits do more than
  // add, Cpus that run here are stopped, and go on unless they trapped by themselves meanwhile.
  // False: what found no memory for page tables is unmapped. Throws std::out_of_range for a bad range, before anything is done.
  bool Commit(const std::vector<Edit>& edits);
  // Maps the same as `from`. Precondition: nothing is mapped here. Throws std::system_error ENOMEM: then nothing is mapped.
  void CopyFrom(const Space& from);
  // Unmaps all. Precondition: no program runs here.
  void Clear();

  // From now on `cpu` translates with this space, until it leaves; its window stays mapped, for the next time.
  void Enter(UserCpu& cpu);
  void Leave(UserCpu& cpu);

 private:
  class Batch;

  void Check(const Edit& edit) const;

  std::shared_ptr<UserVm> vm_;
  PageTable table_;
  std::vector<UserCpu*> cpus_;
  // The frames of the windows that are mapped here, by the Cpu's index; 0: the Cpu was never here.
  std::vector<uint64_t> frame_pages_;
  // Pages that are set aside for frames.
  size_t aside_ = 0;
};

}  // namespace hv
