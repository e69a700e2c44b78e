// traced_context.cc: running a program in its stub, and telling from the tracee's stops what it did.

#include "ptrace/traced_context.h"

#include <cstring>
#include <stdexcept>

#include "shim/abi.h"

namespace hv {

TracedContext::~TracedContext() {
  if (IsInStub()) stub_->owner = nullptr;
}

void TracedContext::SetStub(std::shared_ptr<Stub> stub) {
  if (stub_ == stub) return;
  if (IsInStub()) Save();
  stub_ = std::move(stub);
}

Trap TracedContext::Run() try {
  if (stub_ == nullptr) throw std::invalid_argument("the context has no address space");
  if (is_dead_) return Die(stub_->death());
  if (stub_->owner != this) TakeOver();
  if (stub_->has_pending()) {
    if (!stub_->Flush()) return Die(stub_->death());
    MovedToStub();
  }
  if (stub_->TakeKick()) return Trap::kInterrupted;

  pid_t pid = stub_->tracee().pid();
  if (written_ || at_ == At::kStub) {
    FetchResult();
    arch::SetRegisters(pid, registers_);
    if (written_) arch::SetThreadPointer(pid, registers_);
  } else if (lacks_result_) {
    FetchResult();
    arch::SetResult(pid, arch::CallResult(registers_));
  }
  lacks_result_ = false;
  written_ = false;
  has_thread_pointer_ = false;
  at_ = At::kProgram;
  return Stopped(stub_->tracee().Resume(kPtraceSysemu, 0));
} catch (const std::system_error& error) {
  // Killed between two requests.
  if (error.code().value() != ESRCH) throw;
  return Die(SIGKILL);
}

Trap TracedContext::Stopped(Tracee::Stop stop) {
  if (stop.kind == Tracee::Stop::kGone) return Die(stop.signal);
  arch::GetRegisters(stub_->tracee().pid(), registers_);
  TrapRecord& record = words_.record;
  record.program_counter = arch::ProgramCounter(registers_);
  if (stop.kind == Tracee::Stop::kFiltered) return VsyscallFault();
  if (stop.kind == Tracee::Stop::kSignal) {
    siginfo_t info;
    if (!stub_->tracee().ReadFault(stop.signal, info)) return Trap::kInterrupted;
    record.signal = stop.signal;
    record.code = info.si_code;
    // SAFETY: a number to us; nobody follows it.
    record.address = reinterpret_cast<uint64_t>(info.si_addr);
    record.vector = record.error_code = 0;
    is_explained_ = false;
    return Trap::kFault;
  }
  if (!arch::IsCall(registers_, record)) {
    record.signal = SIGSEGV;
    record.code = SI_KERNEL;
    record.address = 0;
    record.program_counter = arch::ProgramCounter(registers_);
    is_explained_ = true;
    at_ = At::kStub;
    return Trap::kFault;
  }
  at_ = At::kCall;
  lacks_result_ = true;
  arch::StoreCall(registers_, words_.frame);
  return Trap::kSyscall;
}

// What a VM makes of a jump to the vsyscall page: nothing is mapped there.
Trap TracedContext::VsyscallFault() {
  if (!stub_->LeaveFiltered()) return Die(stub_->death());
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
  UnlessGone([&] { is_dead_ = !stub_->Explain(registers_, words_.record); });
  MovedToStub();
}

const UserRegisters& TracedContext::ReadRegisters() {
  LeaveCall();
  FetchResult();
  if (!has_thread_pointer_) {
    UnlessGone([&] { arch::GetThreadPointer(stub_->tracee().pid(), registers_); });
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
  if (IsInStub()) UnlessGone([&] { fp_state_ = stub_->tracee().ReadFpState(); });
  return fp_state_;
}

void TracedContext::WriteFpState(std::vector<uint8_t> state) {
  if (IsInStub()) UnlessGone([&] { stub_->tracee().WriteFpState(state); });
  fp_state_ = std::move(state);
}

bool TracedContext::IsInStub() const { return stub_ != nullptr && stub_->owner == this; }

// Does what only a living tracee can. Was it killed meanwhile? The next Run tells.
template <typename Request>
void TracedContext::UnlessGone(Request request) {
  if (is_dead_) return;
  try {
    request();
  } catch (const std::system_error& error) {
    if (error.code().value() != ESRCH) throw;
    is_dead_ = true;
  }
}

void TracedContext::TakeOver() {
  if (stub_->owner != nullptr)
    stub_->owner->Save();
  else if (arch::kCallStopHides)
    stub_->Park();  // It may stand in a call of a context that is gone.
  stub_->tracee().WriteFpState(fp_state_);
  stub_->owner = this;
  at_ = At::kStub;
}

// All that the stub has of it, so that another may run there.
void TracedContext::Save() {
  ReadRegisters();
  fp_state_ = ReadFpState();
  stub_->owner = nullptr;
  at_ = At::kStub;
  written_ = true;
}

// Where all registers can be read and written.
void TracedContext::LeaveCall() {
  if (!arch::kCallStopHides || at_ != At::kCall || is_dead_) return;
  is_dead_ = !stub_->Park();
  MovedToStub();
}

void TracedContext::MovedToStub() {
  if (at_ == At::kCall) arch::RestoreHidden(registers_, stub_->registers());
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
