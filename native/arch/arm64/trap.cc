// trap.cc: enters EL0, and tells from KVM's exits what the program did.

#include "arch/arm64/trap.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "arch/arm64/page_entry.h"
#include "kvm/page_table.h"
#include "shim/abi.h"

// shim/arm64/entry.S
extern "C" const uint8_t hv_shim_vectors[], hv_shim_stored[], hv_shim_tail[], hv_shim_fault[],
    hv_shim_return[], hv_shim_end[];

namespace hv {
namespace {

constexpr uint64_t kCodeAddress = HV_KERNEL_HALF + HV_KERNEL_CODE;

uint64_t WindowOffset(unsigned index) {
  return HV_KERNEL_WINDOWS + uint64_t{index} * HV_WINDOW_SIZE;
}

uint64_t CodeAddress(const uint8_t* label) {
  return kCodeAddress + static_cast<uint64_t>(label - hv_shim_vectors);
}

void MapKernel(PageTable& table, uint64_t address, uint64_t page, uint64_t access) {
  table.Set(address, kPageSize, page, access, [](uint64_t, uint64_t) {});
}

}  // namespace

Shim::Shim(SupervisorPages& pages) : kernel_table_(std::make_unique<PageTable>(pages)) {
  uint64_t code = pages.Allocate();
  std::memcpy(pages.Data(code), hv_shim_vectors, hv_shim_end - hv_shim_vectors);
  // The first fetch goes through a new stage 2 mapping, for which KVM invalidates the instruction cache.
  arch::PublishCode(pages.Data(code), kPageSize);
  MapKernel(*kernel_table_, HV_KERNEL_CODE, code, kKernelCode);
}

Shim::~Shim() = default;

Cpu::Cpu(std::shared_ptr<Vm> vm, SupervisorPages& pages, const Shim& shim, unsigned index)
    : pages_(pages),
      shim_(shim),
      vcpu_(std::move(vm), index),
      window_(WindowOffset(index)),
      frame_page_(pages.Allocate()),
      record_page_(pages.Allocate()),
      // For the whole VM, and refused while one of its vCPUs runs.
      has_host_cycles_(index == 0 && UseHostCycles(vcpu_)) {
  MapKernel(shim_.kernel_table(), window_, frame_page_, kKernelData);
  MapKernel(shim_.kernel_table(), window_ + HV_DOORBELLS, HV_NOWHERE, kKernelData | kDevice);
  InitSystem(vcpu_, shim_.kernel_table().root(), kCodeAddress, HV_KERNEL_HALF + window_);
}

Cpu::~Cpu() {
  shim_.kernel_table().Set(window_, HV_WINDOW_SIZE, 0, 0, [](uint64_t, uint64_t) {});
  pages_.Free(frame_page_);
  pages_.Free(record_page_);
}

void Cpu::SetSpace(const PageTable& table, uint64_t) {
  if (table_ == table.root()) return;
  table_ = table.root();
  SetRegister(vcpu_, kTtbr0El1, table_);
  // All spaces have the same ASID: this vCPU's translations of another space must go. Those of other vCPUs do not matter: KVM lets no
  // vCPU see translations of another, though they share a VMID (it flushes when another vCPU ran on the processor last).
  Request(HV_ACTION_FLUSH);
}

bool Cpu::WaitsForAnswer() const { return State() == HV_STATE_REQUEST; }

void Cpu::Request(uint32_t actions) {
  Order(actions);
  if (!will_act_ && !has_written_) WriteRegisters(ReadRegisters());
}

// The shim may take the word at the same time. Release: the shim then sees the page-table entries that were written before.
void Cpu::Order(uint32_t actions) { __atomic_fetch_or(&action(), actions, __ATOMIC_RELEASE); }

// Enters the program through the shim, which loads all registers from the frame.
void Cpu::Enter() {
  written_[kRegPstate] &= kUserPstate;
  std::copy(written_.begin(), written_.end(), saved());
  Order(HV_ACTION_LOAD);
  if (!rang_) {
    SetRegister(vcpu_, HV_CORE(regs.pc), CodeAddress(hv_shim_return));
    SetRegister(vcpu_, HV_CORE(regs.pstate), kKernelPstate);
  }
  has_written_ = false;
}

Trap Cpu::Run() {
  if (has_written_) Enter();
  will_act_ = true;
  rang_ = false;
  // An interruption came in the middle of the shim, and somebody waits for Run to end: it ends with the next exit, whatever that is.
  bool interrupted = false;
  for (;;) {
    int error = vcpu_.Run();
    if (error == EINTR) {
      Trap trap = Interrupted();
      if (trap != Trap::kResumed) return trap;
      interrupted = true;
      continue;
    }
    if (error != 0) return Die(error);
    const kvm_run& run = vcpu_.run();
    if (run.exit_reason != KVM_EXIT_MMIO || run.mmio.is_write) return Die(0);
    rang_ = true;
    if (run.mmio.phys_addr == HV_NOWHERE + HV_DOORBELL_SYSCALL) {
      stop_ = Stop::kCallSaved;
      // The answer came while the shim gave up waiting: the program goes on.
      if (State() != HV_STATE_ANSWERED) return Trap::kSyscall;
    } else if (run.mmio.phys_addr == HV_NOWHERE + HV_DOORBELL_FAULT) {
      Trap trap = Fault();
      if (trap != Trap::kResumed) return trap;
    } else {
      return Die(0);
    }
    if (interrupted) return Trap::kInterrupted;
  }
}

Trap Cpu::Fault() {
  stop_ = Stop::kSaved;
  uint64_t syndrome[2];
  std::memcpy(syndrome, frame() + HV_FRAME_SYNDROME, sizeof(syndrome));
  uint64_t exception_class = (syndrome[0] >> kClassShift) & kClassMask;
  // Waiting for an interrupt that will not come means going on.
  if (exception_class == kWfxClass) {
    saved()[kRegPc] += kInstructionSize;
    return Trap::kResumed;
  }
  record().vector = static_cast<uint32_t>(exception_class);
  record().error_code = static_cast<uint32_t>(syndrome[0]);
  record().address = syndrome[1];
  record().program_counter = saved()[kRegPc];
  return Trap::kFault;
}

// KVM_RUN ended between two instructions. If they are the shim's, the program's registers follow from how far it got.
Trap Cpu::Interrupted() {
  rang_ = false;
  uint64_t pc = GetRegister(vcpu_, HV_CORE(regs.pc));
  bool in_program = (GetRegister(vcpu_, HV_CORE(regs.pstate)) & kExceptionLevelMask) == 0;
  if (in_program) {
    will_act_ = false;
    stop_ = Stop::kUser;
    return Trap::kInterrupted;
  }
  // On the way to a doorbell, or to where a call is stored: the trap comes some instructions later.
  bool on_the_way = pc < CodeAddress(hv_shim_stored) ||
                    (pc >= CodeAddress(hv_shim_fault) && pc < CodeAddress(hv_shim_return));
  if (on_the_way) return Trap::kResumed;

  // Past the start of the tail the shim may have looked at `action` already.
  will_act_ = pc < CodeAddress(hv_shim_tail);
  uint32_t ordered = __atomic_load_n(&action(), __ATOMIC_RELAXED);
  bool all_saved = pc >= CodeAddress(hv_shim_return) || (ordered & HV_ACTION_LOAD) != 0;
  // It may have taken its orders without carrying them out, and does not come back there when registers are written.
  if (!will_act_) Order(HV_ACTION_FLUSH | HV_ACTION_SYNC_CODE);
  stop_ = all_saved ? Stop::kSaved : Stop::kCall;
  return will_act_ && State() == HV_STATE_REQUEST ? Trap::kSyscall : Trap::kInterrupted;
}

Trap Cpu::Die(int host_error) {
  record().host_error = static_cast<uint32_t>(host_error);
  record().exit_reason = vcpu_.run().exit_reason;
  return Trap::kDead;
}

UserRegisters Cpu::ReadRegisters() {
  if (has_written_) return written_;
  UserRegisters user;
  if (stop_ == Stop::kSaved || stop_ == Stop::kCallSaved) {
    std::copy_n(saved(), kUserRegisters, user.begin());
  } else {
    bool in_program = stop_ == Stop::kUser;
    for (unsigned i = 0; i < kRegSp; i++) {
      user[i] = GetRegister(vcpu_, HV_CORE(regs.regs[0]) + i * sizeof(uint64_t) / sizeof(uint32_t));
    }
    user[kRegSp] = GetRegister(vcpu_, HV_CORE(regs.sp));
    user[kRegPc] = GetRegister(vcpu_, in_program ? HV_CORE(regs.pc) : HV_CORE(elr_el1));
    user[kRegPstate] = GetRegister(vcpu_, in_program ? HV_CORE(regs.pstate) : HV_CORE(spsr[0]));
    user[kRegTpidr] = GetRegister(vcpu_, kTpidrEl0);
    if (!in_program) user[kRegX1] = saved()[kRegX1];
  }
  if (stop_ == Stop::kCall || stop_ == Stop::kCallSaved) {
    std::memcpy(&user[kRegX0], frame() + HV_FRAME_RESULT, sizeof(uint64_t));
  }
  return user;
}

void Cpu::WriteRegisters(const UserRegisters& registers) {
  written_ = registers;
  has_written_ = true;
}

// SAFETY: the pages are the Cpu's own, page-aligned, and live as long as it does; the offsets are aligned.
TrapRecord& Cpu::record() const {
  return *reinterpret_cast<TrapRecord*>(pages_.Data(record_page_));
}

// SAFETY: as above.
uint32_t Cpu::State() const {
  return __atomic_load_n(reinterpret_cast<uint32_t*>(frame() + HV_FRAME_STATE), __ATOMIC_ACQUIRE);
}

// SAFETY: as above.
uint32_t& Cpu::action() const { return *reinterpret_cast<uint32_t*>(frame() + HV_FRAME_ACTION); }

// SAFETY: as above.
uint64_t* Cpu::saved() const { return reinterpret_cast<uint64_t*>(frame() + HV_FRAME_REGISTERS); }

uint8_t* Cpu::frame() const { return pages_.Data(frame_page_); }

}  // namespace hv
