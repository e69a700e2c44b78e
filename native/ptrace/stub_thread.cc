// stub_thread.cc: has a thread of a stub make calls, and reads the kernel's signal frames.

#include "ptrace/stub_thread.h"

#include <sys/syscall.h>

#include <cstring>
#include <utility>

#include "ptrace/start_stub.h"
#include "ptrace/stub.h"
#include "ptrace/traced_context.h"
#include "ptrace/tracer.h"

// shim/*/stub.S
extern "C" const uint8_t hv_stub_calls[], hv_stub_handler[];

namespace hv {
namespace {

// The address of one of the slot's frames.
uint64_t FrameAddress(unsigned index) {
  return arch::StubAddress() + HV_STUB_STACKS + uint64_t{index} * HV_STUB_STACK_STRIDE;
}

}  // namespace

void RequireMade(int64_t result) {
  if (result == 0) return;
  throw std::system_error(static_cast<int>(-result), std::generic_category(), "a stub's call");
}

uint8_t* StubThread::data() const { return stub_.slot().calls(index_) + HV_STUB_CALL_DATA; }

uint64_t StubThread::calls_address() const {
  return arch::StubAddress() + HV_STUB_CALLS + index_ * HV_STUB_CALLS_BYTES;
}

uint64_t StubThread::data_address() const { return calls_address() + HV_STUB_CALL_DATA; }

uint64_t StubThread::stack_address() const { return FrameAddress(index_) + HV_STUB_FRAME_BYTES; }

uint8_t* StubThread::frame() const { return stub_.slot().frame(frame_index()); }

uint64_t StubThread::frame_address() const { return FrameAddress(frame_index()); }

Call StubThread::SetSignalStack() {
  stack_t stack = {};
  // SAFETY: an address of the stub's, which this process never follows.
  stack.ss_sp = reinterpret_cast<void*>(stack_address());
  stack.ss_size = HV_STUB_STACK_BYTES;
  static_assert(sizeof(stack) <= HV_STUB_CALLS_BYTES - HV_STUB_CALL_DATA);
  std::memcpy(data(), &stack, sizeof(stack));
  return {{SYS_sigaltstack, data_address(), 0}};
}

int64_t StubThread::Make(const Call* calls, size_t count) {
  if (owner != nullptr) owner->LeaveProgram();
  int64_t result =
      MakeAt(arch::StubAddress(), calls_address(), stub_.slot().calls(index_), calls, count);
  if (owner != nullptr) owner->MovedToStub();
  return result;
}

int64_t StubThread::MakeAt(uint64_t base, uint64_t page_address, uint8_t* page, const Call* calls,
                           size_t count) {
  std::memcpy(page, calls, count * sizeof(Call));
  UserRegisters start = arch::CallRegisters(base + StubOffset(hv_stub_calls), page_address, count);
  if (!Go(start, 0)) throw std::system_error(ESRCH, std::generic_category(), "ptrace");
  return registers_[kRegCallCount] == 0 ? 0 : arch::CallResult(registers_);
}

void StubThread::Must(const std::vector<Call>& calls) {
  RequireMade(Make(calls.data(), calls.size()));
}

pid_t StubThread::Clone(uint64_t flags) {
  spawned_ = 0;
  const Call clone = {{SYS_clone, flags}};
  int64_t result = Make(&clone, 1);
  if (spawned_ == 0)
    throw std::system_error(result < 0 ? static_cast<int>(-result) : EAGAIN,
                            std::generic_category(), "clone");
  // It is new: nothing else's end can hide its own.
  Stop stop = stub_.tracer().waits().For(spawned_, true);
  if (stop.kind == Stop::kGone) throw std::system_error(EAGAIN, std::generic_category(), "clone");
  return spawned_;
}

bool StubThread::Go(const UserRegisters& registers, int signal) {
  try {
    arch::SetRegisters(tracee_.thread(), registers);
    for (;;) {
      Stop stop = Resume(PTRACE_CONT, signal);
      signal = 0;
      if (stop.kind == Stop::kGone) return false;
      if (stop.kind == Stop::kSpawned) {
        spawned_ = tracee_.Spawned();
        continue;
      }
      siginfo_t info;
      if (!tracee_.ReadFault(stop.signal, info)) {
        kicked_ = true;
        continue;
      }
      arch::GetRegisters(tracee_.thread(), registers_);
      if (stop.signal == SIGTRAP) return true;
      // The stub's own code cannot fault, unless a program changed the rights of memory (x86_64: WRPKRU).
      stub_.Died(stop.signal);
      return false;
    }
  } catch (const std::system_error& error) {
    if (error.code().value() != ESRCH) throw;
    stub_.Died(SIGKILL);
    return false;
  }
}

bool StubThread::Park() {
  return Go(arch::CallRegisters(arch::StubAddress() + StubOffset(hv_stub_handler), 0, 0), 0);
}

bool StubThread::LeaveFiltered() {
  arch::SkipCall(tracee_.thread());
  // This stops it after the call that it did not make, before its next instruction. The watcher's kick may be merged with it.
  tracee_.Kick();
  kicked_ = true;
  return Resume(kPtraceSysemu, 0).kind != Stop::kGone;
}

bool StubThread::Explain(const UserRegisters& registers, TrapRecord& record) {
  std::vector<uint8_t> fp_state;
  if (arch::kHandlerResetsFpState) fp_state = tracee_.ReadFpState();
  // Linux then starts at the top of the signal stack, whatever the program's stack pointer is.
  UserRegisters without_stack = registers;
  without_stack[kRegStackPointer] = 0;
  if (!Go(without_stack, record.signal)) return false;
  // Another thread of the program may write there meanwhile: the frame is only the program's word about its own fault.
  arch::ReadSignalFrame(registers_, stub_.slot().stack(index_), HV_STUB_STACK_BYTES,
                        stack_address(), record);
  // On arm64 it is left alone: setting it would clear the parts of SVE's registers beyond it.
  if (arch::kHandlerResetsFpState) tracee_.WriteFpState(fp_state);
  return true;
}

void StubThread::RunProgram() {
  tracee_.Resume(kPtraceSysemu, 0);
  is_running_ = true;
}

void StubThread::Stopped(Stop stop) {
  is_running_ = false;
  if (stop.kind != Stop::kGone) return;
  is_gone_ = true;
  stub_.Died(stop.signal);
}

Stop StubThread::Wait() {
  if (is_gone_) return {Stop::kGone, stub_.death()};
  Stop stop = stub_.tracer().waits().For(tracee_.thread(), stub_.EndsAlone());
  Stopped(stop);
  return stop;
}

std::optional<Stop> StubThread::Poll() {
  if (is_gone_) return Stop{Stop::kGone, stub_.death()};
  std::optional<Stop> stop = stub_.tracer().waits().Poll(tracee_.thread());
  if (stop) Stopped(*stop);
  return stop;
}

Stop StubThread::Resume(int request, int signal) {
  tracee_.Resume(request, signal);
  return Wait();
}

bool StubThread::TakeKick() { return std::exchange(kicked_, false); }

}  // namespace hv
