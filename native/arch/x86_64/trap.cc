// trap.cc: enters ring 3, and tells from KVM's exits what the program did.

#include "arch/x86_64/trap.h"

#include <cerrno>
#include <cstring>

#include "arch/x86_64/boot.h"
#include "arch/x86_64/page_entry.h"
#include "arch/x86_64/pvm.h"
#include "arch/x86_64/regs.h"
#include "kvm/page_table.h"
#include "shim/abi.h"
#include "sys/ioctl.h"

// shim/x86_64/*.S
extern "C" const uint8_t hv_shim_entry[], hv_shim_stored[], hv_shim_tail[], hv_shim_entry_end[];
extern "C" const uint8_t hv_shim_stubs[], hv_shim_returning[], hv_shim_return[], hv_shim_pushed[],
    hv_shim_popped[], hv_shim_stubs_end[];
extern "C" const uint8_t hv_pvm_entry[], hv_pvm_noted[], hv_pvm_stored[], hv_pvm_rang[],
    hv_pvm_tail[], hv_pvm_gate[], hv_pvm_cached[], hv_pvm_cached_end[], hv_pvm_entry_end[];

namespace hv {
namespace {

// Where pvm.S keeps the program's stack pointer on its way back.
constexpr unsigned kPvmSavedRsp = 0x100;

// The iret frame's place and order (SDM vol. 3, 6.14.2); below it the stub's error code, vector and CR2.
struct FaultStack {
  uint64_t address, vector, error_code;
  uint64_t rip, cs, rflags, rsp, ss;
};
constexpr unsigned kFaultStack = HV_PRIVATE_STACK_TOP - sizeof(FaultStack);

// SAFETY: the page is the Cpu's own and page-aligned, and nobody but its vCPU writes there.
FaultStack& StackOf(uint8_t* private_page) {
  return *reinterpret_cast<FaultStack*>(private_page + kFaultStack);
}

uint64_t WindowAddress(unsigned index) { return HV_USER_TOP + uint64_t{index} * HV_WINDOW_SIZE; }

// What sysretq and the shim's iretq, in ring 0, would fault on.
constexpr uint64_t kUserAddressEnd = uint64_t{1} << 47;
constexpr uint64_t kKernelAddresses = ~uint64_t{0} << 47;

// SAFETY: the pages are the Cpu's own and page-aligned, the offsets are abi.h's and aligned.
uint32_t& Word(uint8_t* frame, unsigned offset) {
  return *reinterpret_cast<uint32_t*>(frame + offset);
}

// SAFETY: as above.
uint64_t& Quad(uint8_t* page, unsigned offset) {
  return *reinterpret_cast<uint64_t*>(page + offset);
}

}  // namespace

Shim::Shim(SupervisorPages& pages) : entry_page_(pages.Allocate()), stubs_page_(pages.Allocate()) {
  bool pvm = pvm::IsHost();
  std::memcpy(pages.Data(entry_page_), pvm ? hv_pvm_entry : hv_shim_entry,
              pvm ? hv_pvm_entry_end - hv_pvm_entry : hv_shim_entry_end - hv_shim_entry);
  std::memcpy(pages.Data(stubs_page_), hv_shim_stubs, hv_shim_stubs_end - hv_shim_stubs);
}

unsigned Shim::OpenGate() {
  has_gate_ = pvm::IsHost();
  return has_gate_ ? HV_FRAME_GATE : 0;
}

Cpu::Cpu(std::shared_ptr<Vm> vm, SupervisorPages& pages, const Shim& shim, unsigned index)
    : pages_(pages),
      shim_(shim),
      vcpu_(std::move(vm), index),
      window_(WindowAddress(index)),
      own_frame_page_(pages.Allocate()),
      frame_page_(own_frame_page_),
      record_page_(pages.Allocate()),
      private_page_(pages.Allocate()),
      pvm_(pvm::IsHost()) {
  InitPrivatePage(private_page(), window_);
  InitMsrs(vcpu_, window_ + HV_WINDOW_ENTRY);
  fp_layout_ = InitSregs(vcpu_, window_ + HV_WINDOW_PRIVATE);
  // RDTSC in ring 3 is native on PVM.
  has_host_cycles_ = pvm_ || UseHostCycles(vcpu_);
  vcpu_.run().kvm_valid_regs = KVM_SYNC_X86_REGS;
  written_[kRegCs] = HV_USER_CS;
}

Cpu::~Cpu() {
  pages_.Free(own_frame_page_);
  pages_.Free(record_page_);
  pages_.Free(private_page_);
}

bool Cpu::OwnsFrames() { return !pvm::IsHost(); }

void Cpu::PrepareWindows(PageTable& table) { table.Prepare(WindowAddress(0)); }

uint64_t Cpu::MapWindow(PageTable& table) const {
  auto ignore = [](uint64_t, uint64_t) {};
  uint64_t frame = OwnsFrames() ? own_frame_page_ : pages_.Allocate();
  uint64_t shared = pvm_ ? kKernelPage | kUser : kKernelPage;
  table.Set(window_ + HV_WINDOW_ENTRY, kPageSize, shim_.entry_page(), shared, ignore);
  table.Set(window_ + HV_WINDOW_FRAME, kPageSize, frame, shared | kWrite | kNoExecute, ignore);
  table.Set(window_ + HV_WINDOW_STUBS, kPageSize, shim_.stubs_page(), kKernelPage, ignore);
  table.Set(window_ + HV_WINDOW_PRIVATE, kPageSize, private_page_,
            kKernelPage | kWrite | kNoExecute, ignore);
  if (pvm_) {
    table.Set(window_ + HV_WINDOW_DOORBELL, kPageSize, HV_NOWHERE, shared | kWrite | kNoExecute,
              ignore);
    ResetFrame(pages_, frame, static_cast<unsigned>((window_ - WindowAddress(0)) / HV_WINDOW_SIZE));
  }
  return frame;
}

void Cpu::ResetFrame(SupervisorPages& pages, uint64_t frame, unsigned index) {
  std::memset(pages.Data(frame), 0, kPageSize);
  uint64_t gate = WindowAddress(index) + static_cast<uint64_t>(hv_pvm_gate - hv_pvm_entry);
  for (unsigned at : {HV_FRAME_GATE, HV_FRAME_CACHED_GATE}) Quad(pages.Data(frame), at) = gate;
  Quad(pages.Data(frame), HV_FRAME_READ_CACHED) = gate + (hv_pvm_cached - hv_pvm_gate);
}

void Cpu::SetSpace(const PageTable& table, uint64_t frame_page) {
  if (cr3_ == table.root()) return;
  // What this frame still tells is read before another frame replaces it.
  if (!has_written_ || result_in_frame_) WriteRegisters(ReadRegisters());
  cr3_ = table.root();
  frame_page_ = frame_page;
  // Without PCIDs, translations of the other space would serve for this one; and some of this one's may be older than its last edits.
  Request(HV_ACTION_FLUSH);
}

void Cpu::Request(uint32_t actions) {
  // On PVM hosts it is forgotten already: see pvm::Forget.
  if (pvm_) return;
  Order(actions);
  // On the direct way back to ring 3 no shim instruction would see the request.
  if (stop_ == Stop::kUser && !has_written_) WriteRegisters(ReadRegisters());
}

bool Cpu::WaitsForAnswer() const {
  return __atomic_load_n(&Word(frame(), HV_FRAME_STATE), __ATOMIC_ACQUIRE) == HV_STATE_REQUEST;
}

// The shim may take the word at the same time. Release: the shim then sees the page-table entries that were written before.
void Cpu::Order(uint32_t actions) {
  if (pvm_) return;
  __atomic_fetch_or(&Word(frame(), HV_FRAME_ACTION), actions, __ATOMIC_RELEASE);
}

// Enters the program through the shim's iret, whatever ran before.
void Cpu::Enter() {
  FaultStack& stack = StackOf(private_page());
  stack.rip = written_[kRegRip];
  stack.cs = HV_USER_CS;
  stack.rflags = (written_[kRegEflags] & kUserFlags) | kFixedFlags;
  stack.rsp = written_[kRegRsp];
  stack.ss = HV_USER_DS;

  kvm_run& run = vcpu_.run();
  ToKvmRegs(written_, run.s.regs.regs);
  regs().rip = window_ + HV_WINDOW_STUBS + (hv_shim_return - hv_shim_stubs);
  regs().rsp = window_ + HV_WINDOW_PRIVATE + kFaultStack + offsetof(FaultStack, rip);
  regs().rflags = kFixedFlags & ~kInterruptFlag;
  kvm_sregs& sregs = run.s.regs.sregs;
  Ioctl(vcpu_.fd(), KVM_GET_SREGS, "KVM_GET_SREGS", &sregs);
  SetSegments(written_, sregs);
  // So that the program finds the frame.
  if (shim_.has_gate() && sregs.gs.base == 0) sregs.gs.base = window_ + HV_WINDOW_FRAME;
  sregs.cr3 = cr3_;
  run.kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
  has_written_ = false;
  if (!interrupted_) return;
  // A fault that KVM was about to deliver belongs to where the program was: delivered here, it would count as the shim's own.
  // The program faults again when it comes back there.
  kvm_vcpu_events none{};
  Ioctl(vcpu_.fd(), KVM_SET_VCPU_EVENTS, "KVM_SET_VCPU_EVENTS", &none);
}

Trap Cpu::Run() {
  if (!Leave()) return Refuse();
  interrupted_ = false;
  // While it runs, actions are requested only when answering a call that the shim waits with.
  stop_ = Stop::kSyscall;

  for (;;) {
    int error = vcpu_.Run();
    if (error == EINTR) {
      Trap trap = Interrupted();
      if (trap != Trap::kResumed) return trap;
      continue;
    }
    if (error != 0) return Die(error);
    kvm_run& run = vcpu_.run();
    if (run.exit_reason == KVM_EXIT_IO && run.io.port == HV_PORT_FAULT) {
      Trap trap = Fault();
      if (trap != Trap::kResumed) return trap;
      continue;
    }
    bool rang = (run.exit_reason == KVM_EXIT_IO && run.io.port == HV_PORT_SYSCALL) ||
                (pvm_ && pvm::RangDoorbell(
                             run, window_ + static_cast<uint64_t>(hv_pvm_rang - hv_pvm_entry)));
    if (!rang && pvm_ && pvm::TouchedDoorbell(run)) continue;
    if (!rang) return Die(0);
    stop_ = Stop::kSyscall;
    // The answer came while the shim gave up waiting: the program goes on.
    if (Word(frame(), HV_FRAME_STATE) != HV_STATE_ANSWERED) return Trap::kSyscall;
    if (interrupted_) return Trap::kInterrupted;
    if (!Leave()) return Refuse();
  }
}

// Back to the program, from wherever it was stopped. False: the program faults at the address where it would go on.
bool Cpu::Leave() {
  if (stop_ == Stop::kSyscall && !has_written_ && NeedsIret()) WriteRegisters(ReadRegisters());
  if (has_written_) {
    if (result_in_frame_) written_[kRegRax] = Quad(frame(), HV_FRAME_RESULT);
    result_in_frame_ = false;
    if (written_[kRegRip] >= kUserAddressEnd) return false;
    Enter();
  } else if (stop_ == Stop::kSyscall && pvm_) {
    FinishPvmSyscall();
  }
  return true;
}

// Whether an answered call must return with iretq. On a PVM host a program can make up RCX, with a jump to the entry code. Elsewhere
// if it single-steps: sysretq with TF traps before the next instruction, iretq after it (Linux returns the same way).
bool Cpu::NeedsIret() const {
  return pvm_ ? regs().rcx >= kUserAddressEnd : (regs().r11 & HV_TRAP_FLAG) != 0;
}

void Cpu::FinishPvmSyscall() {
  regs().rip = regs().rcx;
  regs().rflags = (regs().r11 & kUserFlags) | kFixedFlags;
  regs().rax = Quad(frame(), HV_FRAME_RESULT);
  vcpu_.run().kvm_dirty_regs = KVM_SYNC_X86_REGS;
}

Trap Cpu::Fault() {
  const FaultStack& stack = StackOf(private_page());
  stop_ = Stop::kFault;
  // A stub on another stack means a double fault; a fault in ring 0 is the shim's own.
  if (regs().rsp != window_ + HV_WINDOW_PRIVATE + kFaultStack || (stack.cs & 3) == 0) return Die(0);
  if (pvm_ && stack.vector <= kBreakpointVector) pvm::ForgetException(vcpu_);
  // A program that single-steps itself does not see the entry code that PVM runs in its ring. It can stay in there: an interruption
  // does not wait for it to come out.
  if (pvm_ && stack.vector == kDebugVector && InEntry(stack.rip))
    return interrupted_ ? LeaveEntry(stack.rip) : Trap::kResumed;
  return FaultOf(stack.vector, stack.error_code, stack.address, stack.rip);
}

// The program may not go on where it would.
Trap Cpu::Refuse() {
  const uint64_t rip = written_[kRegRip];
  const bool is_canonical = rip >= kKernelAddresses || rip < kUserAddressEnd;
  stop_ = Stop::kUser;
  return is_canonical ? FaultOf(kPageFaultVector, kUserFetchError, rip, rip)
                      : FaultOf(kGeneralProtectionVector, 0, 0, rip);
}

// KVM_RUN ended between two instructions. If they are the shim's, the program's registers follow from how far it got.
Trap Cpu::Interrupted() {
  uint64_t rip = regs().rip;
  interrupted_ = true;
  stop_ = Stop::kUser;
  if (InEntry(rip)) {
    // A single step's trap in there, lost or not, is none of the program's.
    if (pvm_) pvm::ForgetException(vcpu_);
    return LeaveEntry(rip);
  }
  uint64_t offset = rip - window_;
  if (offset < HV_WINDOW_STUBS || offset >= HV_WINDOW_PRIVATE) {
    uint64_t lost = pvm_ ? pvm::TakeLostTrap(vcpu_) : 0;
    return lost != 0 ? FaultOf(lost, 0, 0, rip) : Trap::kInterrupted;
  }
  // On the way to a fault's doorbell: the trap comes a few instructions later. Should none come, `interrupted_` is not forgotten.
  if (offset < ReturnOffset(hv_shim_returning)) return Trap::kResumed;

  UserRegisters user = ReadRegisters();
  const FaultStack& stack = StackOf(private_page());
  if (offset >= ReturnOffset(hv_shim_pushed) && offset < ReturnOffset(hv_shim_popped)) {
    user[kRegRax] = Quad(private_page(), kFaultStack + offsetof(FaultStack, error_code));
  }
  user[kRegRip] = stack.rip;
  user[kRegRsp] = stack.rsp;
  user[kRegEflags] = stack.rflags;
  Abandon(user);
  return Trap::kInterrupted;
}

// The program goes on elsewhere than where the shim would have led it. The shim may have taken its orders without carrying them out.
void Cpu::Abandon(const UserRegisters& user) {
  WriteRegisters(user);
  Request(HV_ACTION_FLUSH);
}

// Stopped in the entry code of system calls, where RCX and R11 hold the return address and flags all the way.
Trap Cpu::LeaveEntry(uint64_t rip) {
  const uint8_t* entry = pvm_ ? hv_pvm_entry : hv_shim_entry;
  uint64_t offset = rip - window_;
  uint64_t stored = (pvm_ ? hv_pvm_stored : hv_shim_stored) - entry;
  uint64_t tail = (pvm_ ? hv_pvm_tail : hv_shim_tail) - entry;
  if (pvm_ && offset >= static_cast<uint64_t>(hv_pvm_gate - entry)) return LeaveGate(offset);
  bool is_request =
      offset >= stored && offset < tail && Word(frame(), HV_FRAME_STATE) == HV_STATE_REQUEST;
  // As if it had rung.
  if (is_request && stop_ != Stop::kFault) {
    stop_ = Stop::kSyscall;
    return Trap::kSyscall;
  }

  UserRegisters user = ReadRegisters();
  user[kRegEflags] = user[kRegR11];
  if (offset < stored) {
    // The call was not made yet: it will be made again.
    if (offset > (pvm_ ? hv_pvm_noted - entry : 0)) user[kRegRax] = Quad(frame(), HV_FRAME_NUMBER);
    user[kRegRip] = user[kRegRcx] - kSyscallLength;
  } else {
    user[kRegRax] = Quad(frame(), HV_FRAME_RESULT);
    user[kRegOrigRax] = Quad(frame(), HV_FRAME_NUMBER);
    user[kRegRip] = user[kRegRcx];
    if (pvm_ && InWindow(user[kRegRsp])) user[kRegRsp] = Quad(frame(), kPvmSavedRsp);
  }
  stop_ = Stop::kUser;
  Abandon(user);
  result_in_frame_ = is_request;
  return is_request ? Trap::kSyscall : Trap::kInterrupted;
}

// Stopped before the call was made: the SYSCALL after the patched jump will make it again. Or stopped after the call.
Trap Cpu::LeaveGate(uint64_t offset) {
  const bool is_behind = offset == static_cast<uint64_t>(hv_pvm_cached_end - hv_pvm_entry);
  UserRegisters user = ReadRegisters();
  if (InWindow(user[kRegRsp])) user[kRegRsp] = Quad(frame(), kPvmSavedRsp);
  user[kRegRip] = user[kRegRcx] - (is_behind ? 0 : kSyscallLength);
  stop_ = Stop::kUser;
  Abandon(user);
  return Trap::kInterrupted;
}

// SAFETY: the page is the Cpu's own, page-aligned, and lives as long as it does.
TrapRecord& Cpu::record() const {
  return *reinterpret_cast<TrapRecord*>(pages_.Data(record_page_));
}

uint8_t* Cpu::frame() const { return pages_.Data(frame_page_); }
uint8_t* Cpu::private_page() const { return pages_.Data(private_page_); }

Trap Cpu::Die(int host_error) {
  record().host_error = static_cast<uint32_t>(host_error);
  record().exit_reason = vcpu_.run().exit_reason;
  return Trap::kDead;
}

UserRegisters Cpu::ReadRegisters() {
  if (result_in_frame_) written_[kRegRax] = Quad(frame(), HV_FRAME_RESULT);
  if (has_written_) return written_;
  kvm_sregs sregs;
  Ioctl(vcpu_.fd(), KVM_GET_SREGS, "KVM_GET_SREGS", &sregs);
  UserRegisters user = FromKvmRegs(regs(), sregs);
  if (stop_ == Stop::kSyscall) {
    user[kRegOrigRax] = Quad(frame(), HV_FRAME_NUMBER);
    user[kRegRax] = Quad(frame(), HV_FRAME_RESULT);
    user[kRegRip] = user[kRegRcx];
    user[kRegEflags] = user[kRegR11];
  } else if (stop_ == Stop::kFault) {
    const FaultStack& stack = StackOf(private_page());
    user[kRegRip] = stack.rip;
    user[kRegRsp] = stack.rsp;
    user[kRegEflags] = stack.rflags;
  }
  user[kRegCs] = HV_USER_CS;
  user[kRegSs] = HV_USER_DS;
  if (pvm_ && user[kRegGsBase] == window_ + HV_WINDOW_FRAME) user[kRegGsBase] = 0;
  return user;
}

void Cpu::WriteRegisters(const UserRegisters& registers) {
  written_ = registers;
  has_written_ = true;
  result_in_frame_ = false;
}

bool Cpu::InWindow(uint64_t address) const {
  return address >= window_ && address < window_ + HV_WINDOW_SIZE;
}

bool Cpu::InEntry(uint64_t address) const {
  uint64_t offset = address - window_;
  return offset < static_cast<uint64_t>(pvm_ ? hv_pvm_entry_end - hv_pvm_entry
                                             : hv_shim_entry_end - hv_shim_entry);
}

uint64_t Cpu::ReturnOffset(const uint8_t* label) const {
  return HV_WINDOW_STUBS + static_cast<uint64_t>(label - hv_shim_stubs);
}

}  // namespace hv
