// stub_thread.h: a thread of a stub: what one context at a time runs in, and the calls that it is made to make.
#ifndef HV_PTRACE_STUB_THREAD_H_
#define HV_PTRACE_STUB_THREAD_H_

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

// clone(2)'s, as the filter has them.
constexpr uint64_t kThreadFlags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
constexpr uint64_t kProcessFlags = SIGCHLD;

// One system call.
struct Call {
  uint64_t words[HV_STUB_CALL_WORDS];
};
// `result`: of StubThread::Make. Throws std::system_error for a call that failed.
void RequireMade(int64_t result);

class StubThread {
 public:
  // `index`: which of its stub's call pages and signal stacks are its own.
  StubThread(Stub& stub, unsigned index, Tracee tracee)
      : stub_(stub), index_(index), tracee_(tracee) {}
  StubThread(const StubThread&) = delete;
  StubThread& operator=(const StubThread&) = delete;

  // All but `Wait` and `is_running`: while it is stopped.

  // 0, or -errno of the first that failed; nothing after that one was made. At most HV_STUB_CALL_MAX. Throws std::system_error
  // ESRCH: it is gone. `base`: where the stub's code is, and `page` what the stub sees of its calls there, if not at home.
  int64_t Make(const Call* calls, size_t count);
  int64_t MakeAt(uint64_t base, uint64_t page_address, uint8_t* page, const Call* calls,
                 size_t count);
  // Throws std::system_error for a call that fails.
  void Must(const std::vector<Call>& calls);
  // clone(2); the new thread is stopped. Throws std::system_error.
  pid_t Clone(uint64_t flags);
  // Where the stub sees its calls.
  uint64_t calls_address() const;
  // What calls may point to: bytes of its page, and where the stub sees them.
  uint8_t* data() const;
  uint64_t data_address() const;
  uint64_t stack_address() const;
  // Its trap frame, which may be others' too (arch/gate.h), and where the stub sees that.
  uint8_t* frame() const;
  uint64_t frame_address() const;
  // Its signal frames go to its own stack.
  Call SetSignalStack();

  // Lets a signal, the last stop's, reach the stub's handler, and completes the record by what its frame says of the fault.
  // `registers`: the program's. False: it is gone.
  bool Explain(const UserRegisters& registers, TrapRecord& record);
  // From the stop before a call in the vsyscall page, which is not made, to one where all registers can be set. False: it is gone.
  bool LeaveFiltered();
  // Stops in the stub's own code, where Linux hides no register. False: it is gone.
  bool Park();
  // Of the last stop in its own code.
  const UserRegisters& registers() const { return registers_; }

  // Lets the program run until the next stop, which Wait, or Waits::Next, tells.
  void RunProgram();
  // It runs, and its next stop has not been told.
  bool is_running() const { return is_running_; }
  void Stopped(Stop stop);
  Stop Wait();
  // Its program waits for an answer in the gate, and goes on there: its next stop is of no interest meanwhile.
  void WaitsForAnswer() { is_running_ = false; }
  void GoesOn() { is_running_ = true; }
  // Without waiting.
  std::optional<Stop> Poll();

  Stub& stub() const { return stub_; }
  const Tracee& tracee() const { return tracee_; }
  unsigned index() const { return index_; }
  bool is_gone() const { return is_gone_; }
  // The last stop that was none of the program's own; false when there was none since this was asked last.
  bool TakeKick();

  // Whose registers and floating-point state it holds.
  TracedContext* owner = nullptr;
  // When a context took it last: a larger number is later.
  uint64_t taken = 0;
  // On another processor than the one that traces: see Tracer::Spread.
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

#endif  // HV_PTRACE_STUB_THREAD_H_
