// runner.h: a thread that runs one context, so that the sentry can listen to its frame meanwhile.
#ifndef HV_KVM_RUNNER_H_
#define HV_KVM_RUNNER_H_

#include <atomic>
#include <functional>
#include <thread>

#include "kvm/user_vm.h"

namespace hv {

// TrapRecord::stopped is 0 from Post until the context traps; only then may anybody else touch the context.
class Runner {
 public:
  // `on_stop` is called after each trap, on the thread.
  Runner(Context& context, std::function<void()> on_stop);
  ~Runner();

  // Runs the context until its next trap. Precondition: it is stopped.
  void Post();
  // Stops it, and returns when it has.
  void Halt();

 private:
  void Run();
  Trap RunContext();
  std::atomic<uint32_t>& command() { return Word(context_.record().command); }
  std::atomic<uint32_t>& stopped() { return Word(context_.record().stopped); }
  static std::atomic<uint32_t>& Word(uint32_t& word) {
    // SAFETY: see futex.h; the record outlives the thread.
    return reinterpret_cast<std::atomic<uint32_t>&>(word);
  }

  Context& context_;
  std::function<void()> on_stop_;
  // Somebody sleeps until it stops.
  std::atomic<bool> halting_{false};
  std::thread thread_;
};

}  // namespace hv

#endif  // HV_KVM_RUNNER_H_
