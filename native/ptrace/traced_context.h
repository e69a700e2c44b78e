// traced_context.h: one thread of a user program in a stub: it runs natively, and stops at its system calls and faults.
#ifndef HV_PTRACE_TRACED_CONTEXT_H_
#define HV_PTRACE_TRACED_CONTEXT_H_

#include <memory>
#include <vector>

#include "ptrace/stub.h"

namespace hv {

// The trap frame (shim/abi.h) and the TrapRecord, where the sentry reads and writes them.
struct TrapWords {
  alignas(64) uint8_t frame[128];
  TrapRecord record;
};

class TracedContext {
 public:
  // `words` outlive it. `fp_state`: what it starts with.
  TracedContext(TrapWords& words, std::vector<uint8_t> fp_state)
      : words_(words), fp_state_(std::move(fp_state)) {}
  TracedContext(const TracedContext&) = delete;
  TracedContext& operator=(const TracedContext&) = delete;
  ~TracedContext();

  TrapRecord& record() const { return words_.record; }
  // Where the next Run runs it.
  void SetStub(std::shared_ptr<Stub> stub);
  // Runs the program until it traps. Fills the frame or the record.
  Trap Run();
  // After a fault: completes the record by what the processor said.
  void Explain();
  // Makes Run return kInterrupted: the one that goes on, or the next. Any thread; not while SetStub runs.
  void Kick() const {
    if (stub_ != nullptr) stub_->tracee().Kick();
  }

  const UserRegisters& ReadRegisters();
  void WriteRegisters(const UserRegisters& registers);
  // The result register among those that were written.
  void WriteResult(int64_t result) { arch::StoreResult(registers_, result); }
  std::vector<uint8_t> ReadFpState();
  // Throws std::system_error EINVAL when the processor refuses it.
  void WriteFpState(std::vector<uint8_t> state);

 private:
  // Where the tracee stands: in the program, in a call of its, or in the stub's own code, with other registers.
  enum class At { kProgram, kCall, kStub };

  bool IsInStub() const;
  template <typename Request>
  void UnlessGone(Request request);
  void TakeOver();
  void Save();
  void LeaveCall();
  void MovedToStub();
  void FetchResult();
  Trap Stopped(Tracee::Stop stop);
  Trap VsyscallFault();
  Trap Die(int signal);

  TrapWords& words_;
  std::shared_ptr<Stub> stub_;
  UserRegisters registers_ = {};
  // While another context has the stub, or none. What it had last, once the stub is gone.
  std::vector<uint8_t> fp_state_;
  At at_ = At::kStub;
  // `registers_` are of a call whose result is still to come by the frame.
  bool lacks_result_ = false;
  // `registers_` are the sentry's and to be set, the thread pointer too.
  bool written_ = true;
  bool has_thread_pointer_ = true;
  bool is_explained_ = true;
  bool is_dead_ = false;
};

}  // namespace hv

#endif  // HV_PTRACE_TRACED_CONTEXT_H_
