// stub.h: the process that serves as one address space: it maps what it is told to, and runs programs in its threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ptrace/mapped_ranges.h"
#include "ptrace/stub_pages.h"
#include "ptrace/stub_thread.h"

namespace hv {

class Tracer;

// A process that has nothing from this one but a descriptor of the MemoryFile, which only the tracer can make it use: no other
// descriptor, no environment, no mapping but its own, its own namespaces where the host allows that, no new privileges, and a
// filter that kills it if it ever makes a system call other than a few from its own code.
class Stub {
 public:
  // The first one, which all others come from and which runs no program. Throws std::system_error for what the host does not allow.
  explicit Stub(Tracer& tracer);
  // fork(2) of a stopped thread's stub, with the same mappings. Throws std::system_error.
  explicit Stub(StubThread& parent);
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;
  // Kills it.
  ~Stub();

  // Maps or (protection 0) unmaps user pages: when a thread next runs, or when Commit is called. `populate`: so that the program's
  // first touches do not fault. Throws std::out_of_range for a bad range.
  void Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection, bool populate);
  // Afterwards no thread that runs translates with anything that edits took away.
  void Commit();
  bool has_pending() const { return !pending_.empty(); }
  // Makes the pending calls; false: the process is gone. When the host has no room for that many mappings, all of them are
  // dropped: faults bring them back.
  bool Flush(StubThread& by);
  // Wipes it: everything is unmapped before the next program runs in it.
  void Empty();
  // A stub with the same mappings. Throws std::system_error.
  std::unique_ptr<Stub> Fork();

  // A stopped thread for a context that has none here; nullptr: all run, and the host allows no more.
  StubThread* Take();
  // Thread `to` goes through the gate next. Where threads share a frame, the previous user leaves the gate. False: `to` had it already.
  bool LendFrame(const StubThread& to);
  bool HasFrame(const StubThread& thread) const {
    return arch::kThreadsHaveFrames || frame_user_ == &thread;
  }
  // It is about to be ended: it dies while this process goes on.
  void Kill();
  // Kills it, and tells the contexts whose threads run.
  void End();
  // Moves the state that its threads hold into the contexts.
  void SaveOwners();
  // No program runs in it.
  bool IsIdle() const;
  // It has one thread, whose end the kernel reports as soon as it comes: see Waits::For.
  bool EndsAlone() const { return threads_.size() == 1 && !is_first_; }

  Tracer& tracer() const { return tracer_; }
  const StubPages::Slot& slot() const { return slot_; }
  StubThread& leader() const { return *threads_.front(); }
  bool is_first() const { return is_first_; }
  bool is_dead() const { return is_dead_; }
  // Asks the kernel. Precondition: nothing runs in it.
  bool HasDied();
  // The signal that it died of: SIGKILL unless more is known.
  int death() const { return death_; }
  void Died(int signal);

 private:
  void SettleIn(uint8_t* image);
  // Moves it from its parent's calls and stacks to its own.
  void MoveIn(const StubThread& parent);
  // The calls that map its calls and its stacks where a stub has them.
  Call MapCalls() const;
  Call MapStacks() const;
  // Maps what the other has. Precondition: it has nothing mapped.
  void MapLike(const Stub& other);
  void AddThread(StubThread& parent);
  void Bury();
  // The pending calls from `first` on, for an empty process.
  std::vector<Call> AfterDrop(const std::vector<Call>& calls, size_t first);
  // Runs `body` with a stopped thread; stops one for as long as that takes if all run.
  template <typename Body>
  void WithStopped(Body body);

  Tracer& tracer_;
  StubPages::Slot slot_;
  const bool is_first_;
  // The first is the leader of the process.
  std::vector<std::unique_ptr<StubThread>> threads_;
  // One of `threads_`, or nullptr.
  const StubThread* frame_user_ = nullptr;
  MappedRanges ranges_;
  std::vector<Call> pending_;
  bool takes_away_ = false;
  bool is_dead_ = false;
  int death_ = SIGKILL;
};

}  // namespace hv
