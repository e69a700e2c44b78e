// tracee.h: a traced thread: resumes it, and reads its stops and its floating-point state: ptrace(2).
#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace hv {

// glibc's sys/ptrace.h knows these on x86_64 alone.
constexpr int kPtraceSysemu = 31;

// The signals that processor faults become.
constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

// What wait(2) reported.
struct Stop {
  // kFiltered: the filter stopped it before a call; kSpawned: it made a process or a thread, see Tracee::Spawned.
  enum Kind { kCall, kFiltered, kSpawned, kSignal, kGone } kind;
  // kSignal: about to be delivered; kGone: the one that killed it, 0: it exited.
  int signal;

  static Stop Of(int wait_status);
};

// Sends a signal that stops a thread of that process, now or when it is next resumed. Any thread may call it.
void Kick(pid_t process, pid_t thread);

// Only the tracing thread may call anything.
class Tracee {
 public:
  Tracee(pid_t process, pid_t thread) : process_(process), thread_(thread) {}

  // The numbers stay when it is gone.
  pid_t process() const { return process_; }
  pid_t thread() const { return thread_; }
  bool is_leader() const { return process_ == thread_; }
  // Runs it. `request`: PTRACE_CONT or kPtraceSysemu; `signal`: delivered first, 0 for none. If it was killed meanwhile, waiting tells.
  void Resume(int request, int signal) const;
  void Kick() const { hv::Kick(process_, thread_); }
  // What the kernel says about the fault that `signal`, the last stop's, stands for. False: it is no fault, but a kick or another
  // process's signal, which is not for the program. (A terminal's and RLIMIT_CPU's come from the kernel, too.)
  bool ReadFault(int signal, siginfo_t& info) const;
  // After kSpawned: the new thread.
  pid_t Spawned() const;

  // Only the part that programs have: see arch::TrimFpState.
  std::vector<uint8_t> ReadFpState() const;
  // Throws std::system_error EINVAL when the processor refuses it.
  void WriteFpState(const std::vector<uint8_t>& state) const;

 private:
  std::vector<uint8_t> ReadWholeFpState() const;

  pid_t process_;
  pid_t thread_;
};

}  // namespace hv
