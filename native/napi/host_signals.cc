// host_signals.cc: signals that hv itself gets and hands to the guest: Ctrl-C, and their like.

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "napi/exports.h"
#include "napi/guard.h"
#include "sys/ioctl.h"
#include "sys/terminal_guard.h"

namespace hv {
namespace {

// A handler can reach nothing else. One program owns a process's signals: the command, never the library.
std::atomic<uint64_t> caught_signals{0};
std::atomic<int> caught_bell{-1};

void Catch(int signal) {
  int saved = errno;
  caught_signals.fetch_or(uint64_t{1} << signal);
  uint64_t one = 1;
  [[maybe_unused]] ssize_t put = ::write(caught_bell.load(), &one, sizeof(one));
  errno = saved;
}

// catchSignals(signals: number[]): number: an eventfd that becomes readable when one of them came.
Napi::Value CatchSignals(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    if (caught_bell < 0) {
      caught_bell = Check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    }
    Napi::Array signals = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < signals.Length(); i++) {
      struct sigaction action = {};
      action.sa_handler = Catch;
      action.sa_flags = SA_RESTART;
      Check(::sigaction(signals.Get(i).ToNumber().Int32Value(), &action, nullptr), "sigaction");
    }
    return Napi::Number::New(info.Env(), caught_bell);
  });
}

// takeSignals(): number[]: what came since the last time.
Napi::Value TakeSignals(const Napi::CallbackInfo& info) {
  uint64_t rings;
  [[maybe_unused]] ssize_t got = ::read(caught_bell.load(), &rings, sizeof(rings));
  uint64_t taken = caught_signals.exchange(0);
  Napi::Array signals = Napi::Array::New(info.Env());
  for (int signal = 1; signal < 64; signal++) {
    if (taken >> signal & 1) signals.Set(signals.Length(), Napi::Number::New(info.Env(), signal));
  }
  return signals;
}

// suspend(signal): stops the process, as a stop signal does to who does not catch it, with the terminal as hv found it;
// returns when the process goes on. true: it was stopped. The kernel stops nobody for SIGTSTP, SIGTTIN or SIGTTOU whom no
// shell could continue.
Napi::Value Suspend(const Napi::CallbackInfo& info) {
  int signal = info[0].ToNumber().Int32Value();
  struct sigaction usual = {}, caught = {};
  usual.sa_handler = SIG_DFL;
  constexpr uint64_t kContinued = uint64_t{1} << SIGCONT;
  caught_signals.fetch_and(~kContinued);
  LeaveTerminal();
  // SIGSTOP's cannot be changed, and need not be.
  ::sigaction(signal, &usual, &caught);
  ::raise(signal);
  ::sigaction(signal, &caught, nullptr);
  ReturnToTerminal();
  bool stopped = caught_signals.fetch_and(~kContinued) & kContinued;
  return Napi::Boolean::New(info.Env(), stopped);
}

}  // namespace

void ExportHostSignals(Napi::Env env, Napi::Object exports) {
  exports.Set("catchSignals", Napi::Function::New(env, CatchSignals));
  exports.Set("takeSignals", Napi::Function::New(env, TakeSignals));
  exports.Set("suspend", Napi::Function::New(env, Suspend));
}

}  // namespace hv
