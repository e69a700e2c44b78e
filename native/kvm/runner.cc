// runner.cc: the context's own thread: spins briefly for its next command, then sleeps.

#include "kvm/runner.h"

#include <system_error>

#include "sys/futex.h"
#include "sys/thread.h"

namespace hv {
namespace {

constexpr uint32_t kRest = 0, kRun = 1, kQuit = 2, kAsleep = 3;
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  // SAFETY: a hint to the processor.
  asm volatile("yield");
#endif
}

}  // namespace

Runner::Runner(Context& context, std::function<void()> on_stop)
    : context_(context), on_stop_(std::move(on_stop)) {
  command() = kRest;
  stopped() = static_cast<uint32_t>(Trap::kSyscall);
  thread_ = StartThread({KickSignal()}, [this] { Run(); });
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
  if (stopped() != 0) return;
  halting_ = true;
  for (GrowingPause pause; stopped() == 0;) {
    context_.vcpu().Kick();
    for (int i = 0; i < kSpins && stopped() == 0; i++) Pause();
    pause.Wait(stopped(), 0);
  }
  halting_ = false;
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
    stopped() = static_cast<uint32_t>(RunContext());
    if (halting_) FutexWake(stopped());
    on_stop_();
  }
}

Trap Runner::RunContext() try { return context_.Run(); } catch (const std::system_error& error) {
  // An ioctl on the way in; nobody catches it on this thread.
  context_.record().host_error = static_cast<uint32_t>(error.code().value());
  return Trap::kDead;
}

}  // namespace hv
