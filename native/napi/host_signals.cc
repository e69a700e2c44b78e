// host_signals.cc: signals that hv itself gets and hands to the guest: Ctrl-C and the like.

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/eventfd.h"
#include "sys/ioctl.h"
#include "sys/terminal_guard.h"

namespace hv {
namespace {

// A handler can reach nothing else. One program owns a process's signals: the command, never the library. Signals that the kernel itself
// sent are kept apart (man 2 sigaction, SI_KERNEL): of the caught ones, only those for a terminal's keys, size and hang-up.
std::atomic<uint64_t> caught_signals{0};
std::atomic<uint64_t> caught_of_terminal{0};
std::atomic<int> caught_bell{-1};

void Catch(int signal, siginfo_t* info, void*) {
  int saved = errno;
  std::atomic<uint64_t>& caught = info->si_code == SI_KERNEL ? caught_of_terminal : caught_signals;
  caught.fetch_or(uint64_t{1} << signal);
  SignalEventfd(caught_bell);
  errno = saved;
}

// Returns an eventfd that becomes readable when one of them comes.
int CatchSignals(const std::vector<int>& signals) {
  if (caught_bell < 0) caught_bell = MakeEventfd().release();
  for (int signal : signals) {
    struct sigaction action = {};
    action.sa_sigaction = Catch;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    Check(::sigaction(signal, &action, nullptr), "sigaction");
  }
  return caught_bell;
}

void Append(Napi::Array list, uint64_t taken, bool of_terminal) {
  for (int signal = 1; signal < 64; signal++) {
    if (!(taken >> signal & 1)) continue;
    Napi::Object caught = Napi::Object::New(list.Env());
    caught.Set("signal", signal);
    caught.Set("isOfTerminal", of_terminal);
    list.Set(list.Length(), caught);
  }
}

// {signal, isOfTerminal}[]: what came since the last time.
Napi::Array TakeSignals(Napi::Env env) {
  TakeEventfd(caught_bell);
  Napi::Array signals = Napi::Array::New(env);
  Append(signals, caught_of_terminal.exchange(0), true);
  Append(signals, caught_signals.exchange(0), false);
  return signals;
}

// SIGCONT at a given time (CLOCK_MONOTONIC, nanoseconds): a timer is the only thing of a process that runs while it is stopped.
class Continuation {
 public:
  explicit Continuation(double deadline_ns) {
    if (!std::isfinite(deadline_ns)) return;
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGCONT;
    // glibc's functions for it got a second version in 2.34.
    Check(::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer_), "timer_create");
    itimerspec time = {};
    // Truncated here: floor(3) would need libm.so.6.
    const auto seconds = static_cast<time_t>(deadline_ns / 1e9);
    time.it_value.tv_sec = seconds;
    time.it_value.tv_nsec = static_cast<long>(deadline_ns - static_cast<double>(seconds) * 1e9);
    // Repeated: the first may come before the stop.
    time.it_interval.tv_nsec = 100'000'000;
    ::syscall(SYS_timer_settime, timer_, TIMER_ABSTIME, &time, nullptr);
  }
  Continuation(const Continuation&) = delete;
  Continuation& operator=(const Continuation&) = delete;
  ~Continuation() {
    if (timer_ != kNone) ::syscall(SYS_timer_delete, timer_);
  }

 private:
  static constexpr int kNone = -1;
  int timer_ = kNone;
};

// Whether SIGCONT came, from a shell or from a terminal that hangs up. It is taken: nothing else sees it.
bool TakeContinued() {
  constexpr uint64_t kContinued = uint64_t{1} << SIGCONT;
  uint64_t came = caught_signals.fetch_and(~kContinued) | caught_of_terminal.fetch_and(~kContinued);
  return came & kContinued;
}

// suspend(signal, deadlineNs): stops the process, as an uncaught stop signal does, with the terminal as hv found it. Returns when the
// process goes on, at `deadlineNs` by itself. true: it was stopped. For SIGTSTP, SIGTTIN or SIGTTOU the kernel does not stop a process
// that no shell could continue.
bool Suspend(int signal, double deadline_ns) {
  Continuation continuation(deadline_ns);
  struct sigaction usual = {}, caught = {};
  usual.sa_handler = SIG_DFL;
  TakeContinued();
  LeaveTerminal();
  // SIGSTOP's action cannot be changed, and need not be.
  ::sigaction(signal, &usual, &caught);
  ::raise(signal);
  ::sigaction(signal, &caught, nullptr);
  ReturnToTerminal();
  bool stopped = TakeContinued();
  // Another thread's handler may run later than this one.
  constexpr timespec kMillisecond = {0, 1'000'000};
  for (int i = 0; i < 50 && !stopped; i++) {
    ::nanosleep(&kMillisecond, nullptr);
    stopped = TakeContinued();
  }
  return stopped;
}

}  // namespace

void ExportHostSignals(Napi::Env, Napi::Object exports) {
  Export<CatchSignals>(exports, "catchSignals");
  Export<TakeSignals>(exports, "takeSignals");
  Export<Suspend>(exports, "suspend");
}

}  // namespace hv
