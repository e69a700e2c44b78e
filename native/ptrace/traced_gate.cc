// traced_gate.cc: calls that come through the gate (arch/gate.h): found without a stop while the sentry polls, else with its bell.

#include "ptrace/call_frame.h"
#include "ptrace/stub.h"
#include "ptrace/traced_context.h"
#include "sys/costs.h"

namespace hv {

arch::GatePlace TracedContext::Gate() const {
  return {tracer_->gate(), thread_->frame_address(), thread_->frame()};
}

void TracedContext::CacheResults(std::vector<uint32_t> results) {
  cached_ = std::move(results);
  if (thread_ != nullptr && tracer_->gate() != 0 && thread_->stub().HasFrame(*thread_))
    PublishResults();
}

void TracedContext::PublishResults() const {
  CallFrame(thread_->frame())
      .CacheResults(cached_, cached_.empty() ? tracer_->gate() : tracer_->cached_gate());
}

// The program is alone, and on another processor.
bool TracedContext::Polls() const {
  return looks_.spin > 0 && tracer_->running() == 1 && thread_->is_away;
}

Trap TracedContext::AwaitCall() {
  const CallFrame frame(thread_->frame());
  for (uint32_t look = 0; look < looks_.spin; look++) {
    if (frame.HasRequest()) return Polled();
    if (look % looks_.per_stop == 0) {
      if (std::optional<Stop> stop = thread_->Poll()) return Ended(*stop);
    }
    hv::Pause();
  }
  frame.Poll(0);
  if (frame.HasRequest()) return Polled();
  return Ended(thread_->Wait());
}

Trap TracedContext::Polled() {
  tracer_->Ended(*this);
  thread_->WaitsForAnswer();
  CallFrame(thread_->frame()).CopyCall(words_.frame);
  SetCame(is_late_ ? kPolledLate : kPolled, 0);
  is_late_ = false;
  at_ = At::kGate;
  lacks_result_ = true;
  return Trap::kSyscall;
}

// Here, as everywhere in the frame, the call is only the program's word. A program that did not come through the gate keeps its registers.
Trap TracedContext::Rang() {
  CallFrame(thread_->frame()).CopyCall(words_.frame);
  SetCame(kRang, 0);
  at_ = At::kBell;
  lacks_result_ = true;
  return Trap::kSyscall;
}

void TracedContext::LeaveBell() {
  at_ = At::kCall;
  is_in_gate_call_ = FetchFromGate(true) != arch::InGate::kOutside;
}

// A program that lied may be elsewhere. If it is gone, it (or a child of it) gets zeroed registers instead of old ones.
arch::InGate TracedContext::FetchFromGate(bool is_in_call) {
  arch::InGate was = arch::InGate::kOutside;
  registers_ = {};
  UnlessGone([&] {
    FetchRegisters();
    was = arch::LeaveGate(registers_, Gate(), is_in_call);
    CallFrame(thread_->frame()).Forget();
  });
  return was;
}

void TracedContext::Answer() {
  tracer_->Started(*this);
  const bool polls = Polls();
  if (polls) CallFrame(thread_->frame()).Poll(looks_.answer);
  TellResult();
  // Afterwards: before, the gate would ring.
  if (!polls) CallFrame(thread_->frame()).Poll(0);
  lacks_result_ = false;
  thread_->GoesOn();
  at_ = At::kProgram;
}

// Stores the result where the gate looks for it.
void TracedContext::TellResult() {
  FetchResult();
  CallFrame(thread_->frame()).Answer(arch::CallResult(registers_));
}

// Turns the registers into those that the program has outside of the gate. Precondition: it did not stop with a fault.
arch::InGate TracedContext::LeaveGate(bool is_in_call) {
  if (tracer_->gate() == 0) return arch::InGate::kOutside;
  arch::InGate was = arch::LeaveGate(registers_, Gate(), is_in_call);
  if (was != arch::InGate::kOutside) CallFrame(thread_->frame()).Forget();
  return was;
}

void TracedContext::Deafen() {
  if (at_ != At::kGate) return;
  CallFrame(thread_->frame()).Poll(0);
  is_deaf_ = true;
}

bool TracedContext::TakeBell() {
  std::optional<Stop> stop = thread_->Poll();
  if (!stop) return false;
  if (stop->kind == Stop::kCall && CallFrame(thread_->frame()).HasRequest())
    at_ = At::kBell;
  else
    Settle(*stop);
  return true;
}

void TracedContext::Rest() {
  if (at_ == At::kGate && !TakeBell()) Halt();
}

void TracedContext::Halt() {
  if (at_ == At::kGate) TakeBell();
  if (at_ == At::kBell) return LeaveBell();
  if (at_ != At::kGate) return;
  if (!thread_->is_gone()) thread_->tracee().Kick();
  Settle(thread_->Wait());
}

void TracedContext::LeaveFrame() {
  Halt();
  if (at_ == At::kCall && is_in_gate_call_) LeaveCall();
}

void TracedContext::Settle(Stop stop) {
  at_ = At::kStub;
  is_late_ = true;
  if (stop.kind == Stop::kGone || (stop.kind == Stop::kFiltered && !thread_->LeaveFiltered())) {
    is_dead_ = true;
    return;
  }
  const bool is_in_call = stop.kind == Stop::kCall;
  FetchFromGate(is_in_call);
  if (is_in_call) at_ = At::kCall;
  LeaveCall();
  at_ = At::kStub;
}

}  // namespace hv
