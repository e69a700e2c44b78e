// user_vm.cc: the KVM platform's memory and address spaces.

#include "kvm/user_vm.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "shim/abi.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

// KVM takes whole pages of the host: 4, 16 or 64 KiB.
size_t WholeHostPages(size_t bytes) {
  size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// Page tables take 1/512 of what they map; sparse programs need more. Untouched pages of it cost nothing.
size_t SupervisorBytes(size_t memory_bytes) {
  return std::min<size_t>(WholeHostPages(memory_bytes / 8) + (16u << 20), HV_SUPERVISOR_LIMIT);
}

}  // namespace

UserVm::UserVm(size_t memory_bytes)
    : vm_(std::make_shared<Vm>()),
      memory_(vm_->AddRegion(HV_MEMORY_BASE, WholeHostPages(memory_bytes), true)),
      supervisor_(vm_->AddRegion(HV_SUPERVISOR_BASE, SupervisorBytes(memory_bytes), false)),
      pages_(supervisor_),
      shim_(pages_) {}

unsigned UserVm::TakeIndex() {
  if (!free_indexes_.empty()) {
    unsigned index = free_indexes_.back();
    free_indexes_.pop_back();
    return index;
  }
  if (next_index_ >= HV_WINDOW_COUNT)
    throw std::system_error(EAGAIN, std::generic_category(), "contexts");
  return next_index_++;
}

void Space::Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection) {
  Mapping& memory = vm_->memory().mapping;
  bool bad = (address | length | offset) % kPageSize != 0 || address > HV_USER_TOP ||
             length > HV_USER_TOP - address;
  if (protection != 0) bad |= offset > memory.size() || length > memory.size() - offset;
  if (bad) throw std::out_of_range("user range");

  uint32_t actions = 0;
  if ((protection & kProtExec) && arch::PublishCode(memory.data() + offset, length)) {
    actions |= HV_ACTION_SYNC_CODE;
  }

  uint64_t begin = 0, end = 0;
  auto forget_range = [&] {
    if (end > begin) arch::Forget(memory.data() + (begin - HV_MEMORY_BASE), end - begin);
  };
  auto note_change = [&](uint64_t physical) {
    actions |= HV_ACTION_FLUSH;
    if (physical != end) {
      forget_range();
      begin = physical;
    }
    end = physical + kPageSize;
  };
  auto finish = [&] {
    forget_range();
    if (actions == 0) return;
    for (Context* context : contexts_) context->Request(actions);
  };
  try {
    table_.Set(address, length, HV_MEMORY_BASE + offset, protection != 0 ? UserPage(protection) : 0,
               note_change);
  } catch (...) {
    // What changed before the tables ran out changed for the processor too.
    finish();
    throw;
  }
  finish();
}

void Space::Enter(Context& context) {
  if (std::find(contexts_.begin(), contexts_.end(), &context) == contexts_.end()) {
    context.MapWindow(table_);
    contexts_.push_back(&context);
  }
  context.SetSpace(table_);
}

void Space::Leave(Context& context) {
  auto found = std::find(contexts_.begin(), contexts_.end(), &context);
  if (found == contexts_.end()) return;
  contexts_.erase(found);
  context.UnmapWindow(table_);
}

}  // namespace hv
