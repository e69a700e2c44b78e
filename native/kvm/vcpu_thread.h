// vcpu_thread.h: a thread of its own for a vCPU, so that a run blocks no other thread.
#ifndef HV_KVM_VCPU_THREAD_H_
#define HV_KVM_VCPU_THREAD_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "kvm/vcpu.h"

namespace hv {

// KVM wants the same thread to run a vCPU each time, so the thread stays from the first run to the last.
class VcpuThread {
 public:
  // Called on the thread with what Vcpu::Run returned.
  using Done = std::function<void(int)>;

  explicit VcpuThread(std::shared_ptr<Vcpu> vcpu);
  // Interrupts the current run, if any; its Done has been called when this returns.
  ~VcpuThread();

  // Precondition: Done of the previous run was called.
  void Post(Done done);

 private:
  void Loop();

  std::shared_ptr<Vcpu> vcpu_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Done done_;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace hv

#endif  // HV_KVM_VCPU_THREAD_H_
