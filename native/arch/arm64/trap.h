// trap.h: a vCPU that runs one thread of a user program in EL0 and stops at its system calls and faults.
#pragma once

#include <memory>

#include "arch/arm64/layout.h"
#include "arch/arm64/regs.h"
#include "arch/trap_record.h"
#include "kvm/vcpu.h"

namespace hv {

class PageTable;
class SupervisorPages;

// What all Cpus of a VM share: the shim's code, and the tables of the kernel's half.
class Shim {
 public:
  explicit Shim(SupervisorPages& pages);
  ~Shim();

  PageTable& kernel_table() const { return *kernel_table_; }
  // There is none: no program reaches the frame.
  unsigned OpenGate() { return 0; }

 private:
  std::unique_ptr<PageTable> kernel_table_;
};

class Cpu {
 public:
  // `index` picks the window, below HV_WINDOW_COUNT, unique in its VM.
  Cpu(std::shared_ptr<Vm> vm, SupervisorPages& pages, const Shim& shim, unsigned index);
  ~Cpu();

  uint64_t frame_page() const { return frame_page_; }
  uint64_t record_page() const { return record_page_; }
  Vcpu& vcpu() { return vcpu_; }
  // The program's counter is the host's: the vDSO may use it.
  bool has_host_cycles() const { return has_host_cycles_; }
  TrapRecord& record() const;

  // Maps nothing: windows lie in the kernel's half, whose tables all spaces share. Returns the page of the frame.
  uint64_t MapWindow(PageTable&) const { return frame_page_; }
  static bool OwnsFrames() { return true; }
  static void ResetFrame(SupervisorPages&, uint64_t, unsigned) {}
  static void PrepareWindows(PageTable&) {}
  // Sets the page table and frame that the next Run uses.
  void SetSpace(const PageTable& table, uint64_t frame_page);
  // `actions` (HV_ACTION_*) are done before the program runs on. Only while stopped.
  void Request(uint32_t actions);
  // `actions` are done the next time the shim runs, maybe not before the program runs on. Any time.
  void Order(uint32_t actions);
  // In the shim with a call: it looks at its orders before the program runs on.
  bool WaitsForAnswer() const;

  // Runs the program until it traps. Fills the record.
  Trap Run();

  // Makes Run return kInterrupted: the current one, or the next. Any thread.
  void Kick() { vcpu_.Kick(); }

  // Only while stopped.
  UserRegisters ReadRegisters();
  void WriteRegisters(const UserRegisters& registers);
  // Sets the result register among those that were written.
  void WriteResult(int64_t result) { written_[kRegX0] = static_cast<uint64_t>(result); }
  std::vector<uint8_t> ReadFpState() const { return hv::ReadFpState(vcpu_); }
  // Throws std::system_error EINVAL when KVM refuses it.
  void WriteFpState(const std::vector<uint8_t>& state) {
    hv::WriteFpState(vcpu_, state.data(), state.size());
  }

 private:
  // Where the program's registers are while the vCPU is stopped.
  enum class Stop {
    kUser,  // in the vCPU: it stands in EL0
    kCall,  // in the vCPU, which stands in the shim at a call: x0 is the frame's result, x1 in the frame
    kSaved,      // in the frame
    kCallSaved,  // in the frame, but x0 is its result
  };

  void Enter();
  Trap Fault();
  Trap Interrupted();
  Trap Die(int host_error);
  uint32_t State() const;
  uint32_t& action() const;
  uint64_t* saved() const;
  uint8_t* frame() const;

  SupervisorPages& pages_;
  const Shim& shim_;
  Vcpu vcpu_;
  uint64_t window_;
  uint64_t frame_page_;
  uint64_t record_page_;
  uint64_t table_ = 0;
  bool has_host_cycles_;
  Stop stop_ = Stop::kUser;
  // The shim will look at `action` before the program runs on. Also true while it runs: actions are then requested only when
  // answering a call that the shim waits with.
  bool will_act_ = false;
  // At a doorbell: KVM completes the load first, wherever the PC was set meanwhile.
  bool rang_ = false;
  // Registers that the next Run enters the program with.
  UserRegisters written_ = {};
  bool has_written_ = true;
};

}  // namespace hv
