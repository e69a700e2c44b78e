// stub.cc: edits an address space, and makes the threads and children of its process.

#include "ptrace/stub.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "arch/cpu.h"
#include "ptrace/start_stub.h"
#include "ptrace/traced_context.h"
#include "ptrace/tracer.h"

namespace hv {
namespace {

constexpr uint64_t kPageBytes = 4096;
// Up to this many mappings, making them in a stub from the pool costs less than a fork and its end.
constexpr size_t kFewRanges = 64;

// A range of the MemoryFile's memfd.
Call MapCall(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection,
             uint64_t flags = 0) {
  return {{SYS_mmap, address, length, protection, MAP_SHARED | MAP_FIXED | flags, kStubMemoryFd,
           offset}};
}

bool IsGone(const std::system_error& error) { return error.code().value() == ESRCH; }

}  // namespace

Stub::Stub(StubThread& parent)
    : tracer_(parent.stub().tracer_),
      slot_(tracer_.pages()),
      is_first_(false),
      ranges_(parent.stub().ranges_) {
  const pid_t pid = tracer_.CloneProcess(parent);
  threads_.push_back(std::make_unique<StubThread>(*this, 0, Tracee(pid, pid)));
  tracer_.Add(leader());
  leader().is_away = parent.is_away;
  try {
    MoveIn(parent);
  } catch (const std::system_error& error) {
    Bury();
    if (!IsGone(error)) throw;
    throw std::system_error(EAGAIN, std::generic_category(), "clone");
  }
}

Stub::~Stub() { Bury(); }

void Stub::Bury() {
  End();
  for (auto& thread : threads_) {
    if (thread->owner != nullptr) thread->owner->LoseThread();
    tracer_.Remove(*thread);
  }
}

// The list is in both its parent's page and its own: after the first call the second is read from its own.
void Stub::MoveIn(const StubThread& parent) {
  const Call calls[] = {MapCalls(), MapStacks(), leader().SetSignalStack()};
  std::memcpy(slot_.calls(parent.index()), calls, sizeof(calls));
  RequireMade(leader().MakeAt(arch::StubAddress(), parent.calls_address(),
                              parent.stub().slot_.calls(parent.index()), calls, std::size(calls)));
}

Call Stub::MapCalls() const {
  return MapCall(arch::StubAddress() + HV_STUB_CALLS, HV_STUB_STACKS - HV_STUB_CALLS,
                 slot_.offset(), PROT_READ);
}

Call Stub::MapStacks() const {
  return MapCall(arch::StubAddress() + HV_STUB_STACKS, HV_STUB_BYTES - HV_STUB_STACKS,
                 slot_.offset() + HV_STUB_STACKS - HV_STUB_CALLS, PROT_READ | PROT_WRITE);
}

void Stub::Kill() {
  Died(SIGKILL);
  if (!leader().is_gone()) ::kill(leader().tracee().process(), SIGKILL);
}

void Stub::End() {
  Kill();
  // The leader last: the kernel reports its end after theirs.
  for (auto thread = threads_.rbegin(); thread != threads_.rend(); thread++) {
    while (!(*thread)->is_gone()) {
      const bool was_running = (*thread)->is_running();
      Stop stop = (*thread)->Wait();
      if (was_running) (*thread)->owner->Collect(stop);
    }
  }
}

bool Stub::HasDied() try {
  UserRegisters registers;
  if (!is_dead_) arch::GetRegisters(leader().tracee().thread(), registers);
  return is_dead_;
} catch (const std::system_error&) {
  Died(SIGKILL);
  return true;
}

void Stub::Died(int signal) {
  if (is_dead_) return;
  is_dead_ = true;
  death_ = signal;
}

void Stub::Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection,
               bool populate) {
  const uint64_t end = arch::StubAddress();
  const uint64_t size = tracer_.memory().mapping.size();
  bool bad =
      (address | length | offset) % kPageBytes != 0 || address > end || length > end - address;
  if (protection != 0) bad |= offset > size || length > size - offset;
  if (bad) throw std::out_of_range("user range");
  if (length == 0) return;
  if (protection & PROT_EXEC) arch::PublishCode(tracer_.memory().mapping.data() + offset, length);
  MappedRanges::Edit edit = protection == 0
                                ? ranges_.Unmap(address, address + length)
                                : ranges_.Map(address, address + length, offset, protection);
  takes_away_ |= edit.takes_away;
  switch (edit.call) {
    case MappedRanges::Call::kNone:
      return;
    case MappedRanges::Call::kUnmap:
      return pending_.push_back({{SYS_munmap, address, length}});
    case MappedRanges::Call::kProtect:
      return pending_.push_back({{SYS_mprotect, address, length, protection}});
    case MappedRanges::Call::kMap:
      return pending_.push_back(
          MapCall(address, length, offset, protection, populate ? MAP_POPULATE : 0));
  }
}

void Stub::Commit() {
  if (!takes_away_) return;
  // Only the program says that they wait in the gate: one that runs would keep what is taken away.
  for (auto& thread : threads_) {
    if (thread->owner != nullptr) thread->owner->Halt();
  }
  if (IsIdle()) return;
  WithStopped([&](StubThread& thread) {
    // The stub is being killed: no edit reaches the threads that still run, but the end does.
    if (!Flush(thread)) End();
  });
}

bool Stub::Flush(StubThread& by) {
  std::vector<Call> calls;
  calls.swap(pending_);
  takes_away_ = false;
  try {
    bool has_dropped = false;
    for (size_t done = 0; done < calls.size();) {
      size_t count = std::min<size_t>(calls.size() - done, HV_STUB_CALL_MAX);
      if (by.Make(&calls[done], count) == 0) {
        done += count;
        continue;
      }
      // Not even dropping all mappings made enough room (RLIMIT_AS, no memory): Linux would kill for that.
      if (has_dropped) {
        Died(SIGKILL);
        return false;
      }
      // Usually vm.max_map_count. What the program has mapped is a cache of what the sentry knows: it may be dropped.
      has_dropped = true;
      by.Must({{{SYS_munmap, 0, arch::StubAddress()}}});
      calls = AfterDrop(calls, done);
      done = 0;
    }
    return true;
  } catch (const std::system_error& error) {
    if (!IsGone(error)) throw;
    Died(SIGKILL);
    return false;
  }
}

// What is not mapped cannot be protected; and what is mapped after the failed call must not keep rights that it was to lose.
std::vector<Call> Stub::AfterDrop(const std::vector<Call>& calls, size_t first) {
  std::vector<Call> rest(calls.begin() + static_cast<ptrdiff_t>(first), calls.end());
  ranges_.Clear();
  for (Call& call : rest) {
    uint64_t* words = call.words;
    if (words[0] == SYS_mprotect) call = {{SYS_munmap, words[1], words[2]}};
    if (words[0] == SYS_mmap)
      ranges_.Map(words[1], words[1] + words[2], words[6], words[3]);
    else
      ranges_.Unmap(words[1], words[1] + words[2]);
  }
  return rest;
}

void Stub::Empty() {
  pending_.assign(1, {{SYS_munmap, 0, arch::StubAddress()}});
  takes_away_ = false;
  ranges_.Clear();
  slot_.Wipe();
}

std::unique_ptr<Stub> Stub::Fork() {
  std::unique_ptr<Stub> child;
  if (ranges_.size() <= kFewRanges) child = tracer_.TakePooled();
  if (child != nullptr) {
    child->MapLike(*this);
    return child;
  }
  WithStopped([&](StubThread& thread) {
    try {
      if (Flush(thread)) child = std::make_unique<Stub>(thread);
    } catch (const std::system_error& error) {
      if (!IsGone(error)) throw;
      Died(SIGKILL);
    }
  });
  if (child == nullptr) throw std::system_error(EAGAIN, std::generic_category(), "clone");
  return child;
}

void Stub::MapLike(const Stub& other) {
  ranges_ = other.ranges_;
  for (const auto& [start, range] : ranges_)
    pending_.push_back(MapCall(start, range.end - start, range.offset, range.protection));
}

StubThread* Stub::Take() {
  auto has_room = [](const auto& thread) { return !thread->is_running(); };
  auto is_free = [&](const auto& thread) { return has_room(thread) && thread->owner == nullptr; };
  auto free = std::find_if(threads_.begin(), threads_.end(), is_free);
  if (free != threads_.end()) return free->get();
  if (threads_.size() < tracer_.cpus() && !is_dead_) {
    try {
      WithStopped([&](StubThread& thread) { AddThread(thread); });
      return threads_.back().get();
    } catch (const std::system_error&) {
      // The threads that the host allows will do.
    }
  }
  StubThread* oldest = nullptr;
  for (auto& thread : threads_) {
    if (has_room(thread) && (oldest == nullptr || thread->taken < oldest->taken))
      oldest = thread.get();
  }
  if (oldest != nullptr) oldest->owner->Save();
  return oldest;
}

bool Stub::LendFrame(const StubThread& to) {
  if (HasFrame(to)) return false;
  frame_user_ = &to;
  for (auto& thread : threads_) {
    if (thread.get() != &to && thread->owner != nullptr) thread->owner->LeaveFrame();
  }
  return true;
}

void Stub::AddThread(StubThread& parent) {
  const auto index = static_cast<unsigned>(threads_.size());
  const pid_t tid = parent.Clone(kThreadFlags);
  threads_.push_back(
      std::make_unique<StubThread>(*this, index, Tracee(parent.tracee().process(), tid)));
  StubThread& thread = *threads_.back();
  tracer_.Add(thread);
  thread.is_away = parent.is_away;
  thread.Must({thread.SetSignalStack()});
}

void Stub::SaveOwners() {
  for (auto& thread : threads_) {
    if (thread->owner != nullptr) thread->owner->Save();
  }
}

bool Stub::IsIdle() const {
  return std::none_of(threads_.begin(), threads_.end(),
                      [](const auto& thread) { return thread->is_running(); });
}

template <typename Body>
void Stub::WithStopped(Body body) {
  for (auto& thread : threads_) {
    if (!thread->is_running()) return body(*thread);
  }
  StubThread& thread = leader();
  TracedContext& context = *thread.owner;
  bool was_paused = context.Pause();
  try {
    body(thread);
  } catch (...) {
    if (was_paused) context.GoOn();
    throw;
  }
  if (was_paused) context.GoOn();
}

}  // namespace hv
