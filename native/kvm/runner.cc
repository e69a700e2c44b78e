// runner.cc: the context's own thread: spins briefly for its next command, then sleeps.

#include "kvm/runner.h"

#include <signal.h>

#include "sys/futex.h"

namespace hv {
namespace {

constexpr uint32_t kRest = 0, kRun = 1, kQuit = 2, kAsleep = 3;
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("yield");
#endif
}

}  // namespace

Runner::Runner(Context& context, std::function<void()> on_stop)
    : context_(context), on_stop_(std::move(on_stop)) {
  command() = kRest;
  stopped() = static_cast<uint32_t>(Trap::kSyscall);
  // The kick must reach KVM_RUN; every other signal is for the threads that know it.
  sigset_t all, old;
  sigfillset(&all);
  sigdelset(&all, KickSignal());
  pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

Runner::~Runner() {
  Halt();
  if (command().exchange(kQuit) == kAsleep) FutexWake(command());
  thread_.join();
}

void Runner::Post() {
  stopped() = 0;
  if (command().exchange(kRun) == kAsleep) FutexWake(command());
}

void Runner::Halt() {
  // Once may be too early: a kick before KVM_RUN begins counts for the run that follows.
  if (stopped() == 0) context_.vcpu().Kick();
  while (stopped() == 0) Pause();
}

void Runner::Run() {
  for (;;) {
    for (int i = 0; i < kSpins && command() == kRest; i++) Pause();
    uint32_t rest = kRest;
    if (command().compare_exchange_strong(rest, kAsleep)) {
      while (command() == kAsleep) FutexWait(command(), kAsleep);
    }
    if (command() == kQuit) return;
    command() = kRest;
    Trap trap = context_.Run();
    stopped() = static_cast<uint32_t>(trap);
    on_stop_();
  }
}

}  // namespace hv
