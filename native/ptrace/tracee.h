// tracee.h: a traced process: resuming it and waiting for its next stop: ptrace(2), wait(2).
#ifndef HV_PTRACE_TRACEE_H_
#define HV_PTRACE_TRACEE_H_

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace hv {

// glibc's sys/ptrace.h knows these on x86_64 alone.
constexpr int kPtraceSysemu = 31;

// What the processor makes of faults.
constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

// Only the thread that started the process may call anything but Kick.
class Tracee {
 public:
  struct Stop {
    // kFiltered: the filter stopped it before a call.
    enum Kind { kCall, kFiltered, kSignal, kGone } kind;
    // kSignal: about to be delivered; kGone: that killed it, 0: it exited.
    int signal;
  };

  // `pid`: a child that asked to be traced.
  explicit Tracee(pid_t pid) : pid_(pid) {}
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  // Kills it.
  ~Tracee();

  // 0: it is gone.
  pid_t pid() const { return pid_; }
  // Runs it until it stops next. `request`: PTRACE_CONT or kPtraceSysemu; `signal`: delivered first, 0 for none.
  Stop Resume(int request, int signal);
  // The stop after it was started.
  Stop Wait();
  // What the kernel says of the fault that `signal`, the last stop's, is about. False: it is about none, but the watcher's kick
  // or somebody's signal, which is not for the program. (A terminal's and RLIMIT_CPU's come from the kernel, too.)
  bool ReadFault(int signal, siginfo_t& info) const;
  // A signal that stops it, now or when it is resumed next. Any thread.
  void Kick() const;

  // As much as is a program's: see arch::TrimFpState.
  std::vector<uint8_t> ReadFpState() const;
  // Throws std::system_error EINVAL when the processor refuses it.
  void WriteFpState(const std::vector<uint8_t>& state) const;

 private:
  std::vector<uint8_t> ReadWholeFpState() const;

  std::atomic<pid_t> pid_;
};

}  // namespace hv

#endif  // HV_PTRACE_TRACEE_H_
