// tracer.h: all stubs of one platform: where new ones come from, which contexts run, and on which processors.
#ifndef HV_PTRACE_TRACER_H_
#define HV_PTRACE_TRACER_H_

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

// The thread that made it calls everything but Kick. What stops its contexts is told to it alone: ptrace(2).
class Tracer {
 public:
  // `cpus`: contexts that run at a time, at most HV_STUB_THREADS. `away`: processors beside the one that this thread is kept on;
  // none: there are no others, or it is kept on none.
  Tracer(std::shared_ptr<SharedMemory> memory, unsigned cpus, const cpu_set_t& away);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  // Precondition: no stub is anybody else's.
  ~Tracer();

  // A process that has nothing mapped. Throws std::system_error.
  std::unique_ptr<Stub> Create();
  // One that lives and has nothing mapped, if one is kept; else nullptr.
  std::unique_ptr<Stub> TakePooled();
  // Kept for that, if it lives and few are. Precondition: nothing runs there.
  void Recycle(std::unique_ptr<Stub> stub);
  // Keeps none any more.
  void Close();

  // From now on programs find the gate. 0: this architecture has none; else where in a frame its address is.
  uint64_t OpenGate();
  // Where stubs see it; 0: it is not open.
  uint64_t gate() const { return gate_; }
  uint64_t known_gate() const { return known_gate_; }

  // Waits until one of the contexts that run has stopped: its record says why.
  void WaitAny();
  // Stops one that runs, if any does. Any thread.
  void Kick() const;
  // Whether one more may be started on this thread's own processor, when `running` are to run. Programs that trap often take turns
  // here, which costs less than to wake another processor each time.
  bool HasRoomAtHome(size_t running) const;
  // All other processors have one that runs, and this one has none.
  bool IsHomeFree() const;
  // More of those that run are here than their share is: one, if there are as many processors.
  bool is_crowded() const { return CountAtHome() > Share(running_.size()); }
  // To be called now and then while it is crowded, or one waits for room: moves one that computes to another processor.
  void Spread(unsigned many_stops);
  void Place(StubThread& thread, bool away);
  // There are processors beside this thread's.
  bool has_others() const { return processors_ > 1; }

  // For stubs, threads and contexts.
  pid_t CloneProcess(StubThread& parent);
  void Add(StubThread& thread) { threads_.emplace(thread.tracee().thread(), &thread); }
  void Remove(StubThread& thread);
  void Started(TracedContext& context);
  void Ended(TracedContext& context);
  size_t running() const { return running_.size(); }
  uint64_t NextTurn() { return ++turns_; }
  // A program that traps sooner than this is better off where the sentry is. 0: none is.
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
  // It is the first of a PID namespace.
  bool first_is_init_ = false;
  std::vector<std::unique_ptr<Stub>> pool_;
  bool is_closed_ = false;
  std::unordered_map<pid_t, StubThread*> threads_;
  std::vector<TracedContext*> running_;
  // Process and thread of each that runs, for Kick; 0: none.
  std::atomic<uint64_t> targets_[HV_STUB_THREADS] = {};
  unsigned stops_at_home_ = 0;
  uint64_t ticks_ = 0;
  uint64_t turns_ = 0;
  int64_t brief_ns_ = 0;
  uint64_t gate_ = 0;
  uint64_t known_gate_ = 0;
};

}  // namespace hv

#endif  // HV_PTRACE_TRACER_H_
