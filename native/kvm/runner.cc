// runner.cc: the Cpu's own thread: spins briefly for its next command, then sleeps.

#include "kvm/runner.h"

#include <system_error>

#include "sys/costs.h"
#include "sys/futex.h"
#include "sys/thread.h"

namespace hv {
namespace {

constexpr uint32_t kRest = 0, kRun = 1, kQuit = 2, kAsleep = 3, kUnborn = 4;

}  // namespace

Runner::Runner(Cpu& cpu, unsigned looks, std::function<bool()> on_stop)
    : cpu_(cpu), looks_(looks), on_stop_(std::move(on_stop)) {
  command() = kUnborn;
  stopped() = static_cast<uint32_t>(Trap::kSyscall);
  thread_ = StartThread({KickSignal()}, [this] { Run(); });
  while (command() == kUnborn) FutexWait(command(), kUnborn);
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
    cpu_.vcpu().Kick();
    for (unsigned i = 0; i < looks_ && stopped() == 0; i++) Pause();
    pause.Wait(stopped(), 0);
  }
  halting_ = false;
}

void Runner::Run() {
  command() = kRest;
  FutexWake(command());
  unsigned looks = looks_;
  for (;;) {
    for (unsigned i = 0; i < looks && command() == kRest; i++) Pause();
    uint32_t rest = kRest;
    if (command().compare_exchange_strong(rest, kAsleep)) {
      while (command() == kAsleep) FutexWait(command(), kAsleep);
    }
    if (command() == kQuit) return;
    command() = kRest;
    stopped() = static_cast<uint32_t>(RunCpu());
    if (halting_) FutexWake(stopped());
    looks = on_stop_() ? 0 : looks_;
  }
}

Trap Runner::RunCpu() try { return cpu_.Run(); } catch (const std::system_error& error) {
  // An ioctl on the way in failed; nothing else on this thread catches it.
  cpu_.record().host_error = static_cast<uint32_t>(error.code().value());
  return Trap::kDead;
}

}  // namespace hv
