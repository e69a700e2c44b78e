// trap.h: a vCPU that runs one thread of a user program in ring 3 and stops at its system calls and faults.
#pragma once

#include <memory>

#include "arch/trap_record.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/regs.h"
#include "kvm/vcpu.h"

namespace hv {

class PageTable;
class SupervisorPages;

// What all Cpus of a VM share: the shim's pages.
class Shim {
 public:
  explicit Shim(SupervisorPages& pages);

  uint64_t entry_page() const { return entry_page_; }
  uint64_t stubs_page() const { return stubs_page_; }
  // From here on a program's GS base leads to its frame, as long as the program sets none. Returns the offset from there of the word with
  // the address where calls can be made without SYSCALL; 0: there is none. Before any Cpu runs.
  unsigned OpenGate();
  bool has_gate() const { return has_gate_; }

 private:
  uint64_t entry_page_;
  uint64_t stubs_page_;
  bool has_gate_ = false;
};

class Cpu {
 public:
  // `index` picks the window, below HV_WINDOW_COUNT, unique in its VM.
  Cpu(std::shared_ptr<Vm> vm, SupervisorPages& pages, const Shim& shim, unsigned index);
  ~Cpu();

  uint64_t frame_page() const { return frame_page_; }
  uint64_t record_page() const { return record_page_; }
  Vcpu& vcpu() { return vcpu_; }
  // The program's cycle counter is the host's: the vDSO may use it.
  bool has_host_cycles() const { return has_host_cycles_; }
  TrapRecord& record() const;

  // Maps this Cpu's window into a page table: before the first run there. Returns the page of the window's frame. On PVM hosts,
  // where programs can write it, no other table has it, and the caller frees it.
  uint64_t MapWindow(PageTable& table) const;
  static bool OwnsFrames();
  // Restores a frame to what MapWindow returned: for another program. `index`: the Cpu's.
  static void ResetFrame(SupervisorPages& pages, uint64_t frame, unsigned index);
  // Makes the tables for the windows of the first Cpus. Throws std::system_error ENOMEM.
  static void PrepareWindows(PageTable& table);
  // Sets the page table and frame that the next Run uses.
  void SetSpace(const PageTable& table, uint64_t frame_page);
  // `actions` (HV_ACTION_*) are done before the program runs on. Only while stopped.
  void Request(uint32_t actions);
  // `actions` are done the next time the shim runs, maybe not before the program runs on. Any time.
  void Order(uint32_t actions);
  // In the shim with a call: it looks at its orders before the program runs on. (On PVM hosts a program can pretend to be there.)
  bool WaitsForAnswer() const;

  // Runs the program until it traps. Fills the record.
  Trap Run();

  // Makes Run return kInterrupted: the current one, or the next. Any thread.
  void Kick() { vcpu_.Kick(); }

  // Only while stopped.
  UserRegisters ReadRegisters();
  void WriteRegisters(const UserRegisters& registers);
  // Sets the result register among those that were written.
  void WriteResult(int64_t result) { written_[kRegRax] = static_cast<uint64_t>(result); }
  std::vector<uint8_t> ReadFpState() const { return hv::ReadFpState(vcpu_, fp_layout_); }
  // Throws std::system_error EINVAL when KVM refuses it.
  void WriteFpState(const std::vector<uint8_t>& state) {
    hv::WriteFpState(vcpu_, state.data(), state.size());
  }

 private:
  // Where the vCPU stands between two runs: in the program, after a call's doorbell, or after a fault stub's.
  enum class Stop { kUser, kSyscall, kFault };

  void Enter();
  bool Leave();
  bool NeedsIret() const;
  void FinishPvmSyscall();
  Trap Fault();
  Trap Refuse();
  Trap FaultOf(uint64_t vector, uint64_t error_code, uint64_t address, uint64_t program_counter) {
    record().vector = static_cast<uint32_t>(vector);
    record().error_code = static_cast<uint32_t>(error_code);
    record().address = address;
    record().program_counter = program_counter;
    return Trap::kFault;
  }
  Trap Interrupted();
  Trap LeaveEntry(uint64_t rip);
  Trap LeaveGate(uint64_t offset);
  Trap Die(int host_error);
  void Abandon(const UserRegisters& user);
  bool InWindow(uint64_t address) const;
  // In the entry code of system calls, or at PVM's doorbell.
  bool InEntry(uint64_t address) const;
  uint64_t ReturnOffset(const uint8_t* label) const;
  uint8_t* frame() const;
  uint8_t* private_page() const;
  kvm_regs& regs() const { return vcpu_.run().s.regs.regs; }

  SupervisorPages& pages_;
  const Shim& shim_;
  Vcpu vcpu_;
  uint64_t window_;
  // The frame that it starts with, and the one that it uses now.
  uint64_t own_frame_page_;
  uint64_t frame_page_;
  uint64_t record_page_;
  uint64_t private_page_;
  uint64_t cr3_ = 0;
  FpLayout fp_layout_;
  bool pvm_;
  bool has_host_cycles_;
  Stop stop_ = Stop::kUser;
  // Registers that the next Run enters the program with.
  UserRegisters written_ = {};
  bool has_written_ = true;
  // A signal ended KVM_RUN since Run began: somebody waits for Run to end, and KVM may still hold a fault for the instruction
  // that was next.
  bool interrupted_ = false;
  // They belong to a call whose result is still to come through the frame.
  bool result_in_frame_ = false;
};

}  // namespace hv
