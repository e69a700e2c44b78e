// traced_context.h: one thread of a user program: it runs natively in a thread of a stub, and stops at its system calls and
// faults.
#ifndef HV_PTRACE_TRACED_CONTEXT_H_
#define HV_PTRACE_TRACED_CONTEXT_H_

#include <atomic>
#include <memory>
#include <system_error>
#include <vector>

#include "arch/gate.h"
#include "ptrace/traced_space.h"

namespace hv {

// The trap frame (shim/abi.h) and the TrapRecord, where the sentry reads and writes them.
struct TrapWords {
  alignas(64) uint8_t frame[128];
  TrapRecord record;
};

// How a system call came; src/platform/trap-words.ts repeats it. In the frame's place for the state.
enum Came : uint32_t {
  kStopped,    // by a stop, where a program makes calls by itself
  kHeard,      // through the gate, without a stop
  kHeardLate,  // so, too; the program had to be stopped, or stopped, before its last answer
  kRang,       // through the gate, whose bell stopped it
};

// How often the tracer looks for a call while it listens, 0: not at all; the gate for an answer; and after how many looks the tracer asks
// the kernel for a stop.
struct Looks {
  uint32_t patience = 0;
  uint32_t answer = 0;
  uint32_t per_stop = 1;
};

class TracedContext {
 public:
  // `words` outlive it. `fp_state`: what it starts with.
  TracedContext(std::shared_ptr<Tracer> tracer, TrapWords& words, std::vector<uint8_t> fp_state)
      : tracer_(std::move(tracer)), words_(words), fp_state_(std::move(fp_state)) {}
  TracedContext(const TracedContext&) = delete;
  TracedContext& operator=(const TracedContext&) = delete;
  ~TracedContext();

  TrapRecord& record() const { return words_.record; }
  // Where the next Start runs it. Precondition: it does not run.
  void SetSpace(std::shared_ptr<TracedSpace> space);
  // Whether Start would run it where few enough run: `running` contexts are to, all of one program or not. Precondition: it does
  // not run.
  bool HasPlace(size_t running, bool is_one_program) const;
  // Lets the program run: kResumed. Else why not.
  Trap Start();
  // Waits until the program traps; starts it unless it runs. Fills the frame or the record.
  Trap Run();
  // While it runs alone, it is on another processor and listened to.
  void Listen(Looks looks) { looks_ = looks; }
  // From the gate, if it says that it waits there for an answer, to where it stands still and its registers can be read.
  void Halt();
  // The program has these results without a trap: pairs of call number and result; none: of no call. Any time.
  void Know(std::vector<uint32_t> results);
  // Stops the program, unless it has trapped by now.
  Trap Preempt();
  // After a fault: completes the record by what the processor said.
  void Explain();

  const UserRegisters& ReadRegisters();
  void WriteRegisters(const UserRegisters& registers);
  // The result register among those that were written.
  void WriteResult(int64_t result) { arch::StoreResult(registers_, result); }
  std::vector<uint8_t> ReadFpState();
  // Throws std::system_error EINVAL when the processor refuses it.
  void WriteFpState(std::vector<uint8_t> state);
  // Stops one that runs, whichever: the sentry waits for all of them. Any thread.
  void Kick() const { tracer_->Kick(); }

  // For the tracer, stubs and their threads.
  // Its stop was told; the record keeps what it was.
  void Collect(Stop stop);
  // Stops it for a moment, until GoOn. False: it trapped by itself, which the record keeps.
  bool Pause();
  void GoOn();
  // All that its thread has of it, so that another may run there.
  void Save();
  // Its call was heard; it is in the gate, and nobody waits for its thread's next stop.
  bool is_in_gate() const { return at_ == At::kGate; }
  // That stop.
  void Settle(Stop stop);
  // The frame is another thread's from now on.
  void LeaveFrame();
  // Its thread is about to make calls, or has: the program's registers are kept.
  void LeaveProgram();
  void MovedToStub();
  // The thread is no more.
  void LoseThread() {
    thread_ = nullptr;
    at_ = At::kStub;
  }
  // Where its registers are; nullptr: here.
  StubThread* thread() const { return thread_; }
  // The tracer's word for Kick, while it runs.
  std::atomic<uint64_t>* target = nullptr;
  // The tracer's tick in which it was started last.
  uint64_t started_tick = 0;

 private:
  // Where the tracee stands: in the program, in a call of its, or in the stub's own code, with other registers; kGate: it runs
  // there, and waits for an answer; kBell: it stopped there for that, and nobody has looked at its registers.
  enum class At { kProgram, kCall, kStub, kGate, kBell };

  bool is_running() const { return thread_ != nullptr && thread_->is_running(); }
  // Does what only a living tracee can. Was it killed meanwhile? The next Run tells.
  template <typename Request>
  void UnlessGone(Request request) {
    if (is_dead_) return;
    try {
      request();
    } catch (const std::system_error& error) {
      if (error.code().value() != ESRCH) throw;
      is_dead_ = true;
    }
  }
  // On another processor, and better off on this one.
  bool IsToReturn() const;
  bool TakeThread(Stub& stub);
  void Enter();
  void Resume();
  Trap Ended(Stop stop);
  Trap Stopped(Stop stop);
  void LeaveCall();
  void FetchResult();
  void FetchRegisters();
  void SetCame(Came how, uint64_t caller);
  // traced_gate.cc:
  arch::GatePlace Gate() const;
  bool Listens() const;
  void TellKnown() const;
  Trap AwaitCall();
  Trap Heard();
  Trap Rang();
  void Answer();
  void TellResult();
  void LeaveBell();
  arch::InGate FetchFromGate(bool is_in_call);
  arch::InGate LeaveGate(bool is_in_call);
  Trap Called(Came how);
  Trap Kicked();
  Trap VsyscallFault();
  Trap Die(int signal);

  std::shared_ptr<Tracer> tracer_;
  TrapWords& words_;
  std::shared_ptr<TracedSpace> space_;
  StubThread* thread_ = nullptr;
  UserRegisters registers_ = {};
  // While no thread has it. What it had last, once the thread is gone.
  std::vector<uint8_t> fp_state_;
  At at_ = At::kStub;
  // `registers_` are of a call whose result is still to come by the frame.
  bool lacks_result_ = false;
  // `registers_` are the sentry's and to be set, the thread pointer too.
  bool written_ = true;
  bool has_thread_pointer_ = true;
  bool is_explained_ = true;
  bool is_dead_ = false;
  Looks looks_;
  std::vector<uint32_t> known_;
  bool is_late_ = false;
  // kCall: the call is the gate's bell.
  bool is_in_gate_call_ = false;
  // On another processor: when it was started there last, and how often in a row it trapped soon.
  int64_t started_ns_ = 0;
  unsigned brief_stops_ = 0;
};

}  // namespace hv

#endif  // HV_PTRACE_TRACED_CONTEXT_H_
