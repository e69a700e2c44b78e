// tracer.cc: keeps the first stub, the pool of emptied ones, and the contexts that run.

#include "ptrace/tracer.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "arch/gate.h"
#include "ptrace/start_stub.h"
#include "ptrace/traced_context.h"
#include "shim/abi.h"

namespace hv {
namespace {

constexpr size_t kPooled = 4;

}  // namespace

Tracer::Tracer(std::shared_ptr<SharedMemory> memory, unsigned cpus, const cpu_set_t& away)
    : pages_(std::move(memory)),
      cpus_(std::clamp<unsigned>(cpus, 1, HV_STUB_THREADS)),
      away_(away) {
  processors_ += static_cast<size_t>(CPU_COUNT(&away_));
  CPU_ZERO(&home_);
  ::sched_getaffinity(0, sizeof(home_), &home_);
}

Tracer::~Tracer() { Close(); }

std::unique_ptr<Stub> Tracer::TakePooled() {
  while (!pool_.empty()) {
    std::unique_ptr<Stub> stub = std::move(pool_.back());
    pool_.pop_back();
    if (!stub->HasDied()) return stub;
  }
  return nullptr;
}

std::unique_ptr<Stub> Tracer::Create() {
  if (std::unique_ptr<Stub> stub = TakePooled()) return stub;
  for (;;) {
    Stub& parent = Parent();
    try {
      std::unique_ptr<Stub> stub = parent.Fork();
      if (!parent.is_first()) stub->Empty();
      return stub;
    } catch (const std::system_error&) {
      if (!parent.is_dead()) throw;
    }
  }
}

Stub& Tracer::Parent() {
  if (first_ != nullptr && !first_->is_dead()) return *first_;
  if (Stub* living = FindLiving()) return *living;
  // If the host killed the first stub, and with it all of its namespace, the kernel reports the others' ends before the first one's.
  std::vector<StubThread*> leaders;
  for (auto& [tid, thread] : threads_) {
    if (thread->tracee().is_leader() && !thread->stub().is_first()) leaders.push_back(thread);
  }
  for (StubThread* leader : leaders) leader->stub().End();
  first_.reset();
  first_ = std::make_unique<Stub>(*this);
  first_is_init_ = false;
  return *first_;
}

Stub* Tracer::FindLiving() const {
  for (auto& [tid, thread] : threads_) {
    if (!thread->stub().is_dead() && !thread->stub().is_first()) return &thread->stub();
  }
  return nullptr;
}

// Makes a sibling where that is allowed: then the forking process has no children, and what is born into a PID namespace has the first
// one, or this process, as its parent. Only the first of a namespace may have no siblings: clone(2).
pid_t Tracer::CloneProcess(StubThread& parent) {
  if (!parent.stub().is_first() || !first_is_init_) {
    try {
      return parent.Clone(kProcessFlags | CLONE_PARENT);
    } catch (const std::system_error& error) {
      if (error.code().value() != EINVAL) throw;
      first_is_init_ = true;
    }
  }
  return parent.Clone(kProcessFlags);
}

void Tracer::Recycle(std::unique_ptr<Stub> stub) {
  // A running stub of a JavaScript thread that is being ended keeps its owner until its end is collected: ~Stub.
  if (stub->is_dead() || !stub->IsIdle()) return;
  stub->SaveOwners();
  if (is_closed_ || pool_.size() >= kPooled) return;
  stub->Empty();
  pool_.push_back(std::move(stub));
}

uint64_t Tracer::OpenGate() {
  gate_ = arch::StubAddress() + StubOffset(arch::kGate);
  cached_gate_ = arch::StubAddress() + StubOffset(arch::kCachedGate);
  return arch::GateWord(arch::StubAddress() + HV_STUB_STACKS);
}

void Tracer::Close() {
  is_closed_ = true;
  pool_.clear();
}

void Tracer::Remove(StubThread& thread) {
  waits_.Forget(thread.tracee().thread());
  threads_.erase(thread.tracee().thread());
}

void Tracer::Started(TracedContext& context) {
  running_.push_back(&context);
  context.started_tick = ticks_;
  const Tracee& tracee = context.thread()->tracee();
  const uint64_t target = uint64_t{static_cast<uint32_t>(tracee.process())} << 32 |
                          static_cast<uint32_t>(tracee.thread());
  for (auto& slot : targets_) {
    if (slot.load(std::memory_order_relaxed) != 0) continue;
    slot.store(target, std::memory_order_release);
    context.target = &slot;
    return;
  }
}

void Tracer::Ended(TracedContext& context) {
  running_.erase(std::find(running_.begin(), running_.end(), &context));
  if (context.target != nullptr) context.target->store(0, std::memory_order_release);
  context.target = nullptr;
  if (!context.thread()->is_away) stops_at_home_++;
}

void Tracer::WaitAny() {
  if (running_.size() == 1) {
    TracedContext& context = *running_.front();
    return context.Collect(context.thread()->Wait());
  }
  const size_t before = running_.size();
  while (!running_.empty() && running_.size() == before) {
    std::optional<Waits::Any> any = waits_.Next();
    if (!any) {
      // Another wait of this process took them all.
      while (!running_.empty()) running_.back()->Collect({Stop::kGone, SIGKILL});
      return;
    }
    auto found = threads_.find(any->thread);
    if (found == threads_.end()) continue;
    StubThread& thread = *found->second;
    const bool was_running = thread.is_running();
    thread.Stopped(any->stop);
    if (was_running)
      thread.owner->Collect(any->stop);
    else if (thread.owner != nullptr && thread.owner->is_in_gate())
      thread.owner->Settle(any->stop);
  }
}

void Tracer::Kick() const {
  for (auto& slot : targets_) {
    const uint64_t target = slot.load(std::memory_order_acquire);
    if (target == 0) continue;
    return hv::Kick(static_cast<pid_t>(target >> 32), static_cast<pid_t>(target & ~uint32_t{0}));
  }
}

size_t Tracer::CountAtHome() const {
  return static_cast<size_t>(
      std::count_if(running_.begin(), running_.end(),
                    [](const TracedContext* context) { return !context->thread()->is_away; }));
}

bool Tracer::HasRoomAtHome(size_t running) const {
  return processors_ == 1 || CountAtHome() < Share(running);
}

bool Tracer::IsHomeFree() const { return running_.size() >= processors_ - 1 && CountAtHome() == 0; }

void Tracer::Spread(unsigned many_stops) {
  const unsigned stops = std::exchange(stops_at_home_, 0);
  const uint64_t tick = ticks_++;
  // The one that has run longest.
  auto found = std::find_if(running_.begin(), running_.end(), [](const TracedContext* context) {
    return !context->thread()->is_away;
  });
  if (processors_ == 1 || found == running_.end()) return;
  TracedContext& context = **found;
  // It did not run for the whole tick, and there were many stops.
  if (stops >= many_stops && context.started_tick == tick) return;
  if (!context.Pause()) return;
  try {
    Place(*context.thread(), true);
  } catch (const std::system_error& error) {
    if (error.code().value() != ESRCH) throw;
  }
  context.GoOn();
}

// The thread makes the call itself: it may always choose for itself, for another thread only with its user's rights or CAP_SYS_NICE.
void Tracer::Place(StubThread& thread, bool away) {
  const cpu_set_t& set = away ? away_ : home_;
  static_assert(sizeof(set) <= HV_STUB_CALLS_BYTES - HV_STUB_CALL_DATA);
  std::memcpy(thread.data(), &set, sizeof(set));
  const Call call = {{SYS_sched_setaffinity, 0, sizeof(set), thread.data_address()}};
  thread.Make(&call, 1);
  thread.is_away = away;
}

}  // namespace hv
