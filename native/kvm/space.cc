// space.cc: edits page tables while other Cpus use them.

#include "kvm/space.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <vector>

#include "kvm/user_cpu.h"
#include "shim/abi.h"

namespace hv {

// Stops Cpus while page tables change under them. Cpus that wait in the shim for an answer count as stopped: they look at their orders before
// they go on.
class Standstill {
 public:
  // `cpus`: those that use the tables.
  explicit Standstill(const std::vector<UserCpu*>& cpus) : cpus_(cpus) {}
  Standstill(const Standstill&) = delete;
  Standstill& operator=(const Standstill&) = delete;

  // Takes effect once; returns when all have stopped.
  void Begin() {
    if (has_begun_) return;
    has_begun_ = true;
    for (UserCpu* cpu : cpus_) {
      if (!cpu->RunsElsewhere() || cpu->WaitsForAnswer()) continue;
      cpu->Kick();
      stopped_.push_back(cpu);
    }
    for (UserCpu* cpu : stopped_) cpu->runner().Halt();
  }

  // Resumes them, except for those that trapped by themselves: such a trap is for the sentry.
  ~Standstill() {
    for (UserCpu* cpu : stopped_) {
      if (cpu->record().stopped == static_cast<uint32_t>(Trap::kInterrupted)) cpu->runner().Post();
    }
  }

 private:
  const std::vector<UserCpu*>& cpus_;
  std::vector<UserCpu*> stopped_;
  bool has_begun_ = false;
};

// Applies edits, and tracks what they mean for the Cpus of the space.
class Space::Batch {
 public:
  explicit Batch(Space& space) : space_(space), standstill_(space.cpus_) {}

  // Throws std::system_error ENOMEM; what was edited before stays.
  void Apply(const Edit& edit) {
    uint64_t access = edit.protection != 0 ? UserPage(edit.protection) : 0;
    if (edit.protection & kProtExec) Publish(edit);
    space_.table_.Set(edit.address, edit.length, HV_MEMORY_BASE + edit.offset, access,
                      [this](uint64_t old, uint64_t now) { Change(old, now); });
  }

  // The Cpus that were stopped go on when this object is destroyed.
  void Finish() {
    ForgetRange();
    if (actions_ == 0) return;
    for (UserCpu* cpu : space_.cpus_) {
      if (cpu->RunsElsewhere()) {
        cpu->Order(actions_);
      } else {
        cpu->Request(actions_);
      }
    }
  }

 private:
  void Publish(const Edit& edit) {
    if (!arch::PublishCode(space_.vm_->memory().mapping.data() + edit.offset, edit.length)) return;
    actions_ |= HV_ACTION_SYNC_CODE;
    // A Cpu that comes upon the new entry must not execute what its caches hold of these bytes.
    standstill_.Begin();
  }

  // Called before the entry is stored. An old entry that faults where it need not is looked up again: nothing has to be forgotten.
  void Change(uint64_t old, uint64_t now) {
    actions_ |= HV_ACTION_FLUSH;
    if (OnlyAdds(old, now)) return;
    standstill_.Begin();
    uint64_t physical = PageTable::Target(old);
    bool is_kept = (now & kPresent) && PageTable::Target(now) == physical;
    if (physical != end_ || is_kept != is_kept_) {
      ForgetRange();
      begin_ = physical;
      is_kept_ = is_kept;
    }
    end_ = physical + kPageSize;
  }

  // Called once the new entries are stored.
  void ForgetRange() {
    if (end_ == begin_) return;
    uint8_t* memory = space_.vm_->memory().mapping.data();
    arch::Forget(memory + (begin_ - HV_MEMORY_BASE), end_ - begin_, is_kept_);
    begin_ = end_ = 0;
  }

  Space& space_;
  Standstill standstill_;
  uint32_t actions_ = 0;
  // Guest physical memory that changed entries led to.
  uint64_t begin_ = 0, end_ = 0;
  // Entries still lead there.
  bool is_kept_ = false;
};

// Cpus find what they need to enter from the start: a program that has used up the tables can still be resumed.
Space::Space(std::shared_ptr<UserVm> vm) : vm_(std::move(vm)), table_(vm_->pages()) {
  Cpu::PrepareWindows(table_);
  if (Cpu::OwnsFrames()) return;
  vm_->pages().SetAside(vm_->cpus());
  aside_ = vm_->cpus();
}

// Cpus that own their frames free the frames' pages themselves.
Space::~Space() {
  vm_->pages().GiveBack(aside_);
  if (Cpu::OwnsFrames()) return;
  for (uint64_t page : frame_pages_) {
    if (page != 0) vm_->pages().Free(page);
  }
}

bool Space::Commit(const std::vector<Edit>& edits) {
  for (const Edit& edit : edits) Check(edit);
  bool is_complete = true;
  Batch batch(*this);
  for (const Edit& edit : edits) {
    try {
      batch.Apply(edit);
    } catch (const std::system_error& error) {
      if (error.code().value() != ENOMEM) throw;
      is_complete = false;
      batch.Apply({edit.address, edit.length, 0, 0});
    }
  }
  batch.Finish();
  return is_complete;
}

void Space::CopyFrom(const Space& from) {
  try {
    table_.CopyFrom(from.table_, HV_USER_TOP);
  } catch (...) {
    Clear();
    throw;
  }
}

void Space::Clear() {
  Batch batch(*this);
  table_.ForEachTable(HV_USER_TOP, [&](uint64_t address, uint64_t) {
    batch.Apply({address, PageTable::kTableSpan, 0, 0});
  });
  batch.Finish();
  if (Cpu::OwnsFrames()) return;
  for (unsigned i = 0; i < frame_pages_.size(); i++) {
    if (frame_pages_[i] != 0) Cpu::ResetFrame(vm_->pages(), frame_pages_[i], i);
  }
}

void Space::Enter(UserCpu& cpu) {
  if (cpu.index() >= frame_pages_.size()) frame_pages_.resize(cpu.index() + 1);
  uint64_t& frame_page = frame_pages_[cpu.index()];
  if (frame_page == 0) {
    SupervisorPages::Spending spending(vm_->pages());
    frame_page = cpu.MapWindow(table_);
    if (aside_ > 0) aside_--;
  }
  cpus_.push_back(&cpu);
  cpu.SetSpace(table_, frame_page);
}

void Space::Leave(UserCpu& cpu) { std::erase(cpus_, &cpu); }

void Space::Check(const Edit& edit) const {
  size_t size = vm_->memory().mapping.size();
  bool is_bad = (edit.address | edit.length | edit.offset) % kPageSize != 0 ||
                edit.address > HV_USER_TOP || edit.length > HV_USER_TOP - edit.address;
  if (edit.protection != 0) is_bad |= edit.offset > size || edit.length > size - edit.offset;
  if (is_bad) throw std::out_of_range("user range");
}

}  // namespace hv
