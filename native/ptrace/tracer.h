// tracer.h: all stubs of one platform: makes new ones, and knows which contexts run, and on which processors.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ptrace/stub.h"
#include "ptrace/stub_pages.h"
#include "ptrace/waits.h"
#include "sys/shared_memory.h"

namespace hv {

class TracedContext;

// The thread that made it calls everything but Kick. The kernel reports its contexts' stops to that thread alone: ptrace(2).
class Tracer {
 public:
  // `cpus`: how many contexts run at a time, at most HV_STUB_THREADS. `away`: processors besides the one that this thread is pinned to;
  // none: there are no others, or it is not pinned.
  Tracer(std::shared_ptr<SharedMemory> memory, unsigned cpus, const cpu_set_t& away);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  // Precondition: nothing else owns a stub.
  ~Tracer();

  // A process that has nothing mapped. Throws std::system_error.
  std::unique_ptr<Stub> Create();
  // A kept one that lives and has nothing mapped, or nullptr.
  std::unique_ptr<Stub> TakePooled();
  // Keeps it for TakePooled, if it lives and few are kept. Precondition: nothing runs in it.
  void Recycle(std::unique_ptr<Stub> stub);
  // From now on keeps none.
  void Close();

  // From now on programs find the gate. Returns Platform.openCallGate's result: see arch::GateWord.
  uint64_t OpenGate();
  // Where stubs see it; 0: it is not open.
  uint64_t gate() const { return gate_; }
  uint64_t cached_gate() const { return cached_gate_; }

  // Waits until one of the contexts that run has stopped: its record says why.
  void WaitAny();
  // Stops one context that runs, if any does. Any thread.
  void Kick() const;
  // Whether one more may be started on this thread's own processor, when `running` are to run. Programs that trap often take turns
  // here, which costs less than waking another processor each time.
  bool HasRoomAtHome(size_t running) const;
  // All other processors run one, and this one runs none.
  bool IsHomeFree() const;
  // More of the running contexts are here than this processor's share: one, if there are as many processors.
  bool is_crowded() const { return CountAtHome() > Share(running_.size()); }
  // Call it now and then while it is crowded, or one waits for room: it moves one that computes to another processor.
  void Spread(unsigned many_stops);
  void Place(StubThread& thread, bool away);
  // There are processors besides this thread's.
  bool has_others() const { return processors_ > 1; }

  // For stubs, threads and contexts.
  pid_t CloneProcess(StubThread& parent);
  void Add(StubThread& thread) { threads_.emplace(thread.tracee().thread(), &thread); }
  void Remove(StubThread& thread);
  void Started(TracedContext& context);
  void Ended(TracedContext& context);
  size_t running() const { return running_.size(); }
  uint64_t NextTurn() { return ++turns_; }
  // A program that traps sooner than this is better off on the sentry's processor. 0: no program is.
  int64_t brief_ns() const { return brief_ns_; }
  void set_brief_ns(int64_t ns) { brief_ns_ = ns; }

  unsigned cpus() const { return cpus_; }
  SharedMemory& memory() const { return pages_.memory(); }
  StubPages& pages() { return pages_; }
  Waits& waits() { return waits_; }

 private:
  // A living one to fork.
  Stub& Parent();
  Stub* FindLiving() const;
  size_t CountAtHome() const;
  size_t Share(size_t running) const { return std::max<size_t>(1, running / processors_); }

  StubPages pages_;
  Waits waits_;
  const unsigned cpus_;
  cpu_set_t home_;
  cpu_set_t away_;
  size_t processors_ = 1;
  // Runs no program.
  std::unique_ptr<Stub> first_;
  // `first_` is the first process of a PID namespace.
  bool first_is_init_ = false;
  std::vector<std::unique_ptr<Stub>> pool_;
  bool is_closed_ = false;
  std::unordered_map<pid_t, StubThread*> threads_;
  std::vector<TracedContext*> running_;
  // Process and thread of each running context, for Kick; 0: none.
  std::atomic<uint64_t> targets_[HV_STUB_THREADS] = {};
  unsigned stops_at_home_ = 0;
  uint64_t ticks_ = 0;
  uint64_t turns_ = 0;
  int64_t brief_ns_ = 0;
  uint64_t gate_ = 0;
  uint64_t cached_gate_ = 0;
};

}  // namespace hv
