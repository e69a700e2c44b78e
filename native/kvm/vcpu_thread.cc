// vcpu_thread.cc: waits for a run, runs it, and reports its end.

#include "kvm/vcpu_thread.h"

#include <utility>

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

void VcpuThread::Post(Done done) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = std::move(done);
  }
  wake_.notify_one();
}

void VcpuThread::Loop() {
  for (;;) {
    Done done;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return quit_ || done_ != nullptr; });
      if (done_ == nullptr) return;
      done = std::exchange(done_, nullptr);
    }
    done(vcpu_->Run());
  }
}

}  // namespace hv
