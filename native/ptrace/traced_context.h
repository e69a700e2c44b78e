// traced_context.h: one thread of a user program: it runs natively in a thread of a stub, and stops at its system calls and
// faults.
#pragma once

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

// How a system call came; src/platform/trap-words.ts repeats it. It is stored in the frame's word for the state.
enum Came : uint32_t {
  kStopped,     // with a stop: the program made the call itself
  kPolled,      // through the gate, without a stop
  kPolledLate,  // the same; but the program was stopped, or stopped, before its last answer
  kRang,        // through the gate, whose bell stopped it
};

// How often the tracer looks for a call while it polls (0: it does not poll); how often the gate looks for an answer; and after how
// many looks the tracer asks the kernel for a stop.
struct Looks {
  uint32_t spin = 0;
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
  // Sets where the next Start runs it. Precondition: it does not run.
  void SetSpace(std::shared_ptr<TracedSpace> space);
  // Whether Start would run it where few enough run, when `running` contexts are to run, all of one program or not. Precondition: it
  // does not run.
  bool HasPlace(size_t running, bool is_one_program) const;
  // Lets the program run: kResumed. Otherwise returns why not.
  Trap Start();
  // Waits until the program traps; starts it unless it runs. Fills the frame or the record.
  Trap Run();
  // While it runs alone, it is on another processor, and the tracer polls it.
  void Poll(Looks looks) { looks_ = looks; }
  // If it says that it waits in the gate for an answer: from now on it waits there in a stop, soon if it told the truth.
  void Deafen();
  // The same, and returns when it is stopped.
  void Rest();
  // If it says that it waits in the gate for an answer: moves it to where it stands still and its registers can be read.
  void Halt();
  // The program gets these results without a trap: pairs of call number and result; if empty, of no call. Any time.
  void CacheResults(std::vector<uint32_t> results);
  // Stops the program, unless it has trapped by now.
  Trap Preempt();
  // After a fault: completes the record with what the processor said.
  void Explain();

  const UserRegisters& ReadRegisters();
  void WriteRegisters(const UserRegisters& registers);
  // Sets the result register among those that were written.
  void WriteResult(int64_t result) { arch::StoreResult(registers_, result); }
  std::vector<uint8_t> ReadFpState();
  // Throws std::system_error EINVAL when the processor refuses it.
  void WriteFpState(std::vector<uint8_t> state);
  // Stops any context that runs: the sentry waits for all of them. Any thread.
  void Kick() const { tracer_->Kick(); }

  // For the tracer, stubs and their threads.
  // Its stop was reported; the record keeps what it was.
  void Collect(Stop stop);
  // Stops it for a moment, until GoOn. False: it trapped by itself, and the record keeps that.
  bool Pause();
  void GoOn();
  // Saves all that its thread has of it, so that another context may run there.
  void Save();
  // Its call was found by polling; it is in the gate, and nothing waits for its thread's next stop.
  bool is_in_gate() const { return at_ == At::kGate; }
  // Handles that stop.
  void Settle(Stop stop);
  // From now on another thread has the frame.
  void LeaveFrame();
  // Its thread is about to make calls, or has made them: keep the program's registers.
  void LeaveProgram();
  void MovedToStub();
  // The thread no longer exists.
  void LoseThread() {
    thread_ = nullptr;
    at_ = At::kStub;
  }
  // The thread that has its registers; nullptr: they are here.
  StubThread* thread() const { return thread_; }
  // The tracer's word for Kick, while it runs.
  std::atomic<uint64_t>* target = nullptr;
  // The tracer's tick in which it was last started.
  uint64_t started_tick = 0;

 private:
  // Where the tracee is: in the program, in one of its calls, or in the stub's own code, with other registers. kGate: it runs in the
  // gate and waits for an answer. kBell: it stopped in the gate to wait for one, and its registers have not been read.
  enum class At { kProgram, kCall, kStub, kGate, kBell };

  bool is_running() const { return thread_ != nullptr && thread_->is_running(); }
  // Makes a request that only a living tracee can answer. If it was killed meanwhile, the next Run reports that.
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
  // It is on another processor, and better off on this one.
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
  bool Polls() const;
  void PublishResults() const;
  Trap AwaitCall();
  Trap Polled();
  Trap Rang();
  void Answer();
  void TellResult();
  void LeaveBell();
  bool TakeBell();
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
  // Valid while no thread has it. Once the thread is gone: what it had last.
  std::vector<uint8_t> fp_state_;
  At at_ = At::kStub;
  // `registers_` belong to a call whose result is still to come through the frame.
  bool lacks_result_ = false;
  // `registers_` come from the sentry and have yet to be set, the thread pointer too.
  bool written_ = true;
  bool has_thread_pointer_ = true;
  bool is_explained_ = true;
  bool is_dead_ = false;
  Looks looks_;
  std::vector<uint32_t> cached_;
  bool is_late_ = false;
  bool is_deaf_ = false;
  // kCall: the call is the gate's bell.
  bool is_in_gate_call_ = false;
  // On another processor: when it was last started there, and how often in a row it soon trapped.
  int64_t started_ns_ = 0;
  unsigned brief_stops_ = 0;
};

}  // namespace hv
