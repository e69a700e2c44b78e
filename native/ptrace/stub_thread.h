// stub_thread.h: a thread of a stub: one context at a time runs in it, and it makes the calls that it is told to make.
#pragma once

#include <sched.h>
#include <signal.h>

#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "arch/gate.h"
#include "ptrace/stub_pages.h"
#include "ptrace/tracee.h"
#include "ptrace/waits.h"

namespace hv {

class Stub;
class TracedContext;

// clone(2)'s flags, as the filter allows them.
constexpr uint64_t kThreadFlags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
constexpr uint64_t kProcessFlags = SIGCHLD;

// One system call.
struct Call {
  uint64_t words[HV_STUB_CALL_WORDS];
};
// `result`: what StubThread::Make returned. Throws std::system_error for a call that failed.
void RequireMade(int64_t result);

class StubThread {
 public:
  // `index`: which of its stub's call pages and signal stacks it has.
  StubThread(Stub& stub, unsigned index, Tracee tracee)
      : stub_(stub), index_(index), tracee_(tracee) {}
  StubThread(const StubThread&) = delete;
  StubThread& operator=(const StubThread&) = delete;

  // Call these only while it is stopped, except `Wait` and `is_running`.

  // Returns 0, or -errno of the first call that failed; none after that was made. At most HV_STUB_CALL_MAX. Throws std::system_error
  // ESRCH: it is gone. If the stub is not in its usual place: `base`: where its code is; `page`: the calls that it sees at `page_address`.
  int64_t Make(const Call* calls, size_t count);
  int64_t MakeAt(uint64_t base, uint64_t page_address, uint8_t* page, const Call* calls,
                 size_t count);
  // Throws std::system_error for a call that fails.
  void Must(const std::vector<Call>& calls);
  // clone(2); the new thread is stopped. Throws std::system_error.
  pid_t Clone(uint64_t flags);
  // Where the stub sees its calls.
  uint64_t calls_address() const;
  // The data that calls may point to: bytes of its page, and where the stub sees them.
  uint8_t* data() const;
  uint64_t data_address() const;
  uint64_t stack_address() const;
  // Its trap frame, which it may share (arch/gate.h), and where the stub sees it.
  uint8_t* frame() const;
  uint64_t frame_address() const;
  // The call that makes its signal frames go to its own stack.
  Call SetSignalStack();

  // Lets the last stop's signal reach the stub's handler, and completes the record with what its frame says about the fault.
  // `registers`: the program's. False: it is gone.
  bool Explain(const UserRegisters& registers, TrapRecord& record);
  // Leaves the stop before a call in the vsyscall page, which is not made, for one where all registers can be set. False: it is gone.
  bool LeaveFiltered();
  // Stops in the stub's own code, where Linux hides no register. False: it is gone.
  bool Park();
  // The registers at the last stop in its own code.
  const UserRegisters& registers() const { return registers_; }

  // Lets the program run until the next stop, which Wait or Waits::Next reports.
  void RunProgram();
  // It runs, and its next stop has not been reported.
  bool is_running() const { return is_running_; }
  void Stopped(Stop stop);
  Stop Wait();
  // Its program waits in the gate for an answer (WaitsForAnswer), and goes on there (GoesOn): meanwhile its next stop does not matter.
  void WaitsForAnswer() { is_running_ = false; }
  void GoesOn() { is_running_ = true; }
  // Without waiting.
  std::optional<Stop> Poll();

  Stub& stub() const { return stub_; }
  const Tracee& tracee() const { return tracee_; }
  unsigned index() const { return index_; }
  bool is_gone() const { return is_gone_; }
  // Was there a stop that was not the program's own since the last time this was asked?
  bool TakeKick();

  // The context whose registers and floating-point state it holds.
  TracedContext* owner = nullptr;
  // When a context last took it: a larger number is later.
  uint64_t taken = 0;
  // It is on another processor than the tracing thread: see Tracer::Spread.
  bool is_away = false;

 private:
  unsigned frame_index() const { return arch::kThreadsHaveFrames ? index_ : 0; }
  Stop Resume(int request, int signal);
  // Resumes it in its own code, until it traps there. False: it is gone.
  bool Go(const UserRegisters& registers, int signal);

  Stub& stub_;
  unsigned index_;
  Tracee tracee_;
  UserRegisters registers_ = {};
  pid_t spawned_ = 0;
  bool is_running_ = false;
  bool is_gone_ = false;
  bool kicked_ = false;
};

}  // namespace hv
