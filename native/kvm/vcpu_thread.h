// vcpu_thread.h: a thread of its own for a vCPU, so that a run blocks no other thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "kvm/vcpu.h"
#include "sys/spin_limit.h"

namespace hv {

// KVM wants the same thread to run a vCPU each time, so the thread stays from the first run to the last. All of this is called on
// one other thread, which starts a run by Post, may look for its end for a little while, and otherwise is told of it.
class VcpuThread {
 public:
  // Called with what Vcpu::Run returned.
  using Done = std::function<void(int)>;

  explicit VcpuThread(std::shared_ptr<Vcpu> vcpu);
  // Interrupts the current run, if any; its Done has been called when this returns.
  ~VcpuThread();

  // Precondition: the previous run has ended.
  void Post();
  // What Vcpu::Run returned, when the run ends soon: guests access their devices in bursts. It looks only behind a run that took no
  // longer than a wake-up does, and lets kTurnNs pass at most before it gives none.
  std::optional<int> TakeSoon();
  // For a run that TakeSoon did not give. `done` is called on either thread.
  void Then(Done done);
  // The run's end has arrived here by its Done.
  void Arrived();

  // CPU time that the thread has taken: the guest, KVM, and what is looked for around runs.
  int64_t CpuNs();

 private:
  enum class Phase { kRuns, kEnded, kLeft };
  // The other thread has more to do than to look for ends.
  static constexpr int64_t kTurnNs = 2'000'000;

  void Loop();
  // False: the thread is to end.
  bool AwaitOrder();

  std::shared_ptr<Vcpu> vcpu_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool quit_ = false;
  std::atomic<bool> is_posted_ = false;
  int64_t posted_ns_ = 0;

  // A run's end: whichever of the two threads comes second calls `done_`.
  std::atomic<Phase> phase_ = Phase::kEnded;
  Done done_;
  int result_ = 0;
  int64_t took_ns_ = 0;
  int64_t ended_ns_ = 0;

  // For orders, and for ends.
  SpinLimit own_;
  SpinLimit other_;
  int64_t arrived_ns_ = 0;
  bool may_look_ = false;
  std::thread thread_;
};

}  // namespace hv
