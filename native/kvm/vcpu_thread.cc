// vcpu_thread.cc: waits for a run, runs it, and reports its end.

#include "kvm/vcpu_thread.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "sys/monotonic.h"
#include "sys/thread.h"

namespace hv {

VcpuThread::VcpuThread(std::shared_ptr<Vcpu> vcpu) : vcpu_(std::move(vcpu)) {
  thread_ = StartThread({KickSignal()}, [this] { Loop(); });
}

VcpuThread::~VcpuThread() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  // A run that was posted and has not begun ends at once: immediate_exit is set for it.
  vcpu_->Kick();
  thread_.join();
}

void VcpuThread::Post() {
  int64_t now_ns = MonotonicNs();
  may_look_ = took_ns_ < other_.ns() && now_ns - arrived_ns_ < kTurnNs;
  phase_.store(Phase::kRuns, std::memory_order_relaxed);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    posted_ns_ = now_ns;
    is_posted_.store(true, std::memory_order_release);
  }
  wake_.notify_one();
}

std::optional<int> VcpuThread::TakeSoon() {
  if (!may_look_ || !other_.Look(phase_, Phase::kRuns)) return std::nullopt;
  return result_;
}

void VcpuThread::Then(Done done) {
  done_ = std::move(done);
  if (phase_.exchange(Phase::kLeft, std::memory_order_acq_rel) == Phase::kEnded) {
    std::exchange(done_, nullptr)(result_);
  }
}

void VcpuThread::Arrived() {
  arrived_ns_ = MonotonicNs();
  other_.Woke(arrived_ns_ - ended_ns_);
}

int64_t VcpuThread::CpuNs() {
  clockid_t clock;
  const int error = ::pthread_getcpuclockid(thread_.native_handle(), &clock);
  if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_getcpuclockid");
  return ClockNs(clock);
}

bool VcpuThread::AwaitOrder() {
  own_.Look(is_posted_, false);
  std::unique_lock<std::mutex> lock(mutex_);
  if (!is_posted_ && !quit_) {
    wake_.wait(lock, [this] { return quit_ || is_posted_; });
    own_.Woke(MonotonicNs() - posted_ns_);
  }
  return is_posted_.exchange(false);
}

void VcpuThread::Loop() {
  while (AwaitOrder()) {
    int64_t began_ns = MonotonicNs();
    result_ = vcpu_->Run();
    ended_ns_ = MonotonicNs();
    took_ns_ = ended_ns_ - began_ns;
    // From here on, the run's owner may post the next one.
    if (phase_.exchange(Phase::kEnded, std::memory_order_acq_rel) != Phase::kLeft) continue;
    int result = result_;
    std::exchange(done_, nullptr)(result);
  }
}

}  // namespace hv
