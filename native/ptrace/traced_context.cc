// traced_context.cc: runs a program in its stub, and tells from the tracee's stops what it did.

#include "ptrace/traced_context.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "ptrace/call_frame.h"
#include "shim/abi.h"
#include "sys/monotonic.h"

namespace hv {
namespace {

// After this many brief stops it returns, even beside others: a wait for a place may cost as much time, the tracer's tick.
constexpr unsigned kManyBriefStops = 16;

}  // namespace

TracedContext::~TracedContext() {
  if (thread_ == nullptr) return;
  try {
    Preempt();
    // So that nothing is hidden from the context that has the thread next.
    LeaveCall();
  } catch (const std::system_error&) {
    // Only a tracee that is gone refuses.
  }
  if (thread_ != nullptr) thread_->owner = nullptr;
}

void TracedContext::SetSpace(std::shared_ptr<TracedSpace> space) {
  if (space_ == space) return;
  if (thread_ != nullptr) Save();
  is_dead_ = false;
  space_ = std::move(space);
}

bool TracedContext::HasPlace(size_t running, bool is_one_program) const {
  const bool is_away = thread_ != nullptr && thread_->is_away && !IsToReturn();
  return is_away || is_one_program || tracer_->HasRoomAtHome(running);
}

bool TracedContext::IsToReturn() const {
  return brief_stops_ >= kManyBriefStops || (brief_stops_ > 0 && tracer_->running() == 0) ||
         tracer_->IsHomeFree();
}

Trap TracedContext::Start() try {
  if (space_ == nullptr) throw std::invalid_argument("the context has no address space");
  Stub& stub = space_->Get();
  if (is_dead_ || stub.is_dead()) return Die(stub.death());
  // The sentry is done with the last fault.
  is_explained_ = true;
  if (thread_ == nullptr && !TakeThread(stub)) return Trap::kInterrupted;
  if (tracer_->gate() != 0 && stub.LendFrame(*thread_)) {
    CallFrame(thread_->frame()).Forget();
    PublishResults();
  }
  const bool is_to_poll = looks_.spin > 0 && tracer_->running() == 0 && tracer_->has_others();
  if (thread_->is_away && !is_to_poll && IsToReturn()) tracer_->Place(*thread_, false);
  if (!thread_->is_away && is_to_poll) tracer_->Place(*thread_, true);
  if (!thread_->is_away) brief_stops_ = 0;
  if (stub.has_pending() && !stub.Flush(*thread_)) return Die(stub.death());
  if (thread_->TakeKick()) return Trap::kInterrupted;
  if (thread_->is_away && !is_to_poll) started_ns_ = MonotonicNs();
  if (at_ == At::kGate && std::exchange(is_deaf_, false)) TakeBell();
  if (at_ == At::kGate)
    Answer();
  else
    Resume();
  return Trap::kResumed;
} catch (const std::system_error& error) {
  // Killed between two requests.
  if (error.code().value() != ESRCH) throw;
  return Die(SIGKILL);
}

Trap TracedContext::Run() try {
  if (!is_running()) {
    Trap trap = Start();
    if (trap != Trap::kResumed) return trap;
  }
  for (;;) {
    Trap trap = Polls() ? AwaitCall() : Ended(thread_->Wait());
    if (trap != Trap::kResumed) return trap;
  }
} catch (const std::system_error& error) {
  if (error.code().value() != ESRCH) throw;
  return Die(SIGKILL);
}

void TracedContext::Resume() {
  Enter();
  tracer_->Started(*this);
  if (tracer_->gate() != 0) CallFrame(thread_->frame()).Poll(Polls() ? looks_.answer : 0);
  thread_->RunProgram();
}

Trap TracedContext::Preempt() {
  if (!is_running()) return Trap::kInterrupted;
  thread_->tracee().Kick();
  return Run();
}

void TracedContext::Collect(Stop stop) try {
  words_.record.stopped = static_cast<uint32_t>(Ended(stop));
} catch (const std::system_error& error) {
  if (error.code().value() != ESRCH) throw;
  words_.record.stopped = static_cast<uint32_t>(Die(SIGKILL));
}

bool TracedContext::Pause() {
  Trap trap = Preempt();
  if (trap == Trap::kInterrupted) return true;
  words_.record.stopped = static_cast<uint32_t>(trap);
  return false;
}

void TracedContext::GoOn() { words_.record.stopped = static_cast<uint32_t>(Start()); }

// Takes a thread: its last one was taken away, or it never had one here.
bool TracedContext::TakeThread(Stub& stub) {
  StubThread* thread = stub.Take();
  if (thread == nullptr) return false;
  thread->tracee().WriteFpState(fp_state_);
  thread->owner = this;
  thread->taken = tracer_->NextTurn();
  thread_ = thread;
  at_ = At::kStub;
  if (tracer_->gate() != 0) {
    stub.LendFrame(*thread);
    CallFrame(thread->frame()).Reset(tracer_->gate(), thread->frame_address());
    PublishResults();
  }
  return true;
}

// Sets the program's registers where the thread has others.
void TracedContext::Enter() {
  pid_t thread = thread_->tracee().thread();
  if (written_ || at_ == At::kStub) {
    FetchResult();
    UserRegisters registers = registers_;
    if (tracer_->gate() != 0) arch::ShowFrame(registers, Gate());
    arch::SetRegisters(thread, registers);
    if (written_) arch::SetThreadPointer(thread, registers_);
  } else if (at_ == At::kBell || is_in_gate_call_) {
    TellResult();
  } else if (lacks_result_) {
    FetchResult();
    arch::SetResult(thread, arch::CallResult(registers_));
  }
  lacks_result_ = false;
  is_in_gate_call_ = false;
  written_ = false;
  has_thread_pointer_ = false;
  at_ = At::kProgram;
}

Trap TracedContext::Ended(Stop stop) {
  tracer_->Ended(*this);
  if (thread_->is_away && looks_.spin == 0)
    brief_stops_ = MonotonicNs() - started_ns_ < tracer_->brief_ns() ? brief_stops_ + 1 : 0;
  return Stopped(stop);
}

Trap TracedContext::Stopped(Stop stop) {
  if (stop.kind == Stop::kGone) return Die(stop.signal);
  if (stop.kind == Stop::kCall && tracer_->gate() != 0 && CallFrame(thread_->frame()).HasRequest())
    return Rang();
  FetchRegisters();
  TrapRecord& record = words_.record;
  record.program_counter = registers_[kRegProgramCounter];
  if (stop.kind == Stop::kFiltered) return VsyscallFault();
  if (stop.kind == Stop::kSignal) {
    siginfo_t info;
    if (!thread_->tracee().ReadFault(stop.signal, info)) return Kicked();
    record.signal = stop.signal;
    record.code = info.si_code;
    // SAFETY: a number to us; nobody follows it.
    record.address = reinterpret_cast<uint64_t>(info.si_addr);
    record.vector = record.error_code = 0;
    is_explained_ = false;
    return Trap::kFault;
  }
  const arch::InGate in_gate = LeaveGate(true);
  if (in_gate == arch::InGate::kAnswered) {
    // The gate gave up just then.
    at_ = At::kProgram;
    is_late_ = true;
    Resume();
    return Trap::kResumed;
  }
  if (in_gate == arch::InGate::kOutside && !arch::IsCall(registers_, record)) {
    record.signal = SIGSEGV;
    record.code = SI_KERNEL;
    record.address = 0;
    record.program_counter = registers_[kRegProgramCounter];
    is_explained_ = true;
    at_ = At::kStub;
    return Trap::kFault;
  }
  at_ = At::kCall;
  is_in_gate_call_ = in_gate != arch::InGate::kOutside;
  return Called(is_in_gate_call_ ? kRang : kStopped);
}

Trap TracedContext::Called(Came how) {
  lacks_result_ = true;
  arch::StoreCall(registers_, words_.frame);
  SetCame(how, how == kStopped ? registers_[kRegProgramCounter] : 0);
  return Trap::kSyscall;
}

// Stopped between two instructions, in the program or in the gate.
Trap TracedContext::Kicked() {
  const arch::InGate was = LeaveGate(false);
  if (was != arch::InGate::kOutside) at_ = At::kStub;
  return was == arch::InGate::kCalled ? Called(kRang) : Trap::kInterrupted;
}

void TracedContext::SetCame(Came how, uint64_t caller) {
  std::memcpy(words_.frame + HV_FRAME_STATE, &how, sizeof(how));
  std::memcpy(words_.frame + HV_FRAME_CALLER, &caller, sizeof(caller));
}

void TracedContext::FetchRegisters() {
  arch::GetRegisters(thread_->tracee().thread(), registers_);
  if (tracer_->gate() != 0) arch::HideFrame(registers_, Gate());
}

// Makes of a jump to the vsyscall page the fault that it is in a VM: nothing is mapped there.
Trap TracedContext::VsyscallFault() {
  if (!thread_->LeaveFiltered()) return Die(thread_->stub().death());
  at_ = At::kStub;
  TrapRecord& record = words_.record;
  record.signal = SIGSEGV;
  record.code = SEGV_MAPERR;
  record.address = record.program_counter;
  record.vector = record.error_code = 0;
  is_explained_ = true;
  return Trap::kFault;
}

void TracedContext::Explain() {
  if (is_explained_) return;
  is_explained_ = true;
  if (thread_ == nullptr) return;
  UnlessGone([&] { is_dead_ = !thread_->Explain(registers_, words_.record); });
  MovedToStub();
}

const UserRegisters& TracedContext::ReadRegisters() {
  LeaveCall();
  FetchResult();
  if (!has_thread_pointer_ && thread_ != nullptr) {
    UnlessGone([&] { arch::GetThreadPointer(thread_->tracee().thread(), registers_); });
    has_thread_pointer_ = true;
  }
  return registers_;
}

void TracedContext::WriteRegisters(const UserRegisters& registers) {
  LeaveCall();
  registers_ = registers;
  written_ = true;
  has_thread_pointer_ = true;
  lacks_result_ = false;
}

std::vector<uint8_t> TracedContext::ReadFpState() {
  Halt();
  if (thread_ != nullptr) UnlessGone([&] { fp_state_ = thread_->tracee().ReadFpState(); });
  return fp_state_;
}

void TracedContext::WriteFpState(std::vector<uint8_t> state) {
  Halt();
  if (thread_ != nullptr) UnlessGone([&] { thread_->tracee().WriteFpState(state); });
  fp_state_ = std::move(state);
}

void TracedContext::Save() {
  if (!is_explained_) Explain();
  ReadRegisters();
  fp_state_ = ReadFpState();
  thread_->owner = nullptr;
  thread_ = nullptr;
  at_ = At::kStub;
  written_ = true;
}

// Once the thread has done something else, its fault can no longer be explained.
void TracedContext::LeaveProgram() {
  Halt();
  if (!is_explained_) Explain();
}

// Moves it to where all registers can be read and written.
void TracedContext::LeaveCall() {
  Halt();
  if (!arch::kCallStopHides || at_ != At::kCall || is_dead_) return;
  is_dead_ = !thread_->Park();
  MovedToStub();
}

void TracedContext::MovedToStub() {
  if (at_ == At::kCall) arch::RestoreHidden(registers_, thread_->registers());
  at_ = At::kStub;
}

void TracedContext::FetchResult() {
  if (!lacks_result_) return;
  int64_t result;
  std::memcpy(&result, words_.frame + HV_FRAME_RESULT, sizeof(result));
  arch::StoreResult(registers_, result);
}

Trap TracedContext::Die(int signal) {
  is_dead_ = true;
  words_.record.exit_reason = static_cast<uint32_t>(signal);
  return Trap::kDead;
}

}  // namespace hv
