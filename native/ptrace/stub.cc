// stub.cc: settling in, the calls that a stub is made to make, and reading the kernel's signal frames.

#include "ptrace/stub.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "ptrace/start_stub.h"
#include "shim/stub.h"

// shim/*/stub.S
extern "C" const uint8_t hv_stub_calls[], hv_stub_called[], hv_stub_handler[];

namespace hv {
namespace {

constexpr uint64_t kPageBytes = 4096;

#ifndef PTRACE_SETSIGMASK
#define PTRACE_SETSIGMASK 0x420b
#endif

// The kernel's, of one word.
using KernelSignalSet = uint64_t;

// Linux's struct sigaction, which is not the C library's. Without SA_RESTORER x86_64 makes no frame; arm64 has the field too.
struct KernelAction {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  KernelSignalSet mask;
};
constexpr uint64_t kRestorer = 0x04000000;

// What the stub's settling in needs in its memory: on its signal stack, before that is one.
struct Scratch {
  stack_t stack;
  KernelAction action;
  sock_fprog program;
  sock_filter filter[16];
};

constexpr uint32_t Load(size_t offset) { return static_cast<uint32_t>(offset); }

// Kills it at once for any call but mmap and munmap from its own code: seccomp(2). Calls in the vsyscall page stop it.
unsigned WriteFilter(sock_filter* filter, uint64_t call_address) {
  constexpr uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS;
  constexpr uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr uint16_t kMask = BPF_ALU | BPF_AND | BPF_K;
  constexpr size_t kAddress = offsetof(seccomp_data, instruction_pointer);
  auto low = [](uint64_t address) { return static_cast<uint32_t>(address); };
  auto high = [](uint64_t address) { return static_cast<uint32_t>(address >> 32); };
  const sock_filter program[] = {
      BPF_STMT(kLoadWord, Load(offsetof(seccomp_data, arch))),
      BPF_JUMP(kIfEqual, arch::kAuditArch, 0, 12),
      BPF_STMT(kLoadWord, Load(kAddress + 4)),
      BPF_JUMP(kIfEqual, high(arch::kVsyscallPage), 0, 3),
      BPF_STMT(kLoadWord, Load(kAddress)),
      BPF_STMT(kMask, low(~(kPageBytes - 1))),
      BPF_JUMP(kIfEqual, low(arch::kVsyscallPage), 8, 7),
      BPF_JUMP(kIfEqual, high(call_address), 0, 6),
      BPF_STMT(kLoadWord, Load(kAddress)),
      BPF_JUMP(kIfEqual, low(call_address), 0, 4),
      BPF_STMT(kLoadWord, Load(offsetof(seccomp_data, nr))),
      BPF_JUMP(kIfEqual, SYS_mmap, 1, 0),
      BPF_JUMP(kIfEqual, SYS_munmap, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
  };
  static_assert(sizeof(program) <= sizeof(Scratch::filter));
  std::memcpy(filter, program, sizeof(program));
  return sizeof(program) / sizeof(program[0]);
}

}  // namespace

Stub::Stub(const SharedMemory& memory_file)
    : memory_size_(memory_file.mapping.size()),
      image_(CreateStubImage()),
      tracee_(StartStub(image_, memory_file)) {
  image_.file.reset();
  Tracee::Stop stop = tracee_.Wait();
  if (stop.kind != Tracee::Stop::kSignal || stop.signal != SIGTRAP)
    throw std::system_error(ECHILD, std::generic_category(), "execveat");
  SettleIn();
}

// From its first place to its last, with nothing else left of what execve(2) put into it.
void Stub::SettleIn() {
  pid_t pid = tracee_.pid();
  constexpr int kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP;
  Check(::ptrace(PTRACE_SETOPTIONS, pid, nullptr, kOptions), "PTRACE_SETOPTIONS");
  KernelSignalSet none = 0;
  Check(::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid, sizeof(none), &none),
        "PTRACE_SETSIGMASK");

  const uint64_t home = arch::StubAddress();
  constexpr uint64_t kFirstEnd = kFirstStubAddress + HV_STUB_STACK;
  constexpr uint64_t kMap = MAP_SHARED | MAP_FIXED;
  Must({{{SYS_munmap, kFirstEnd, arch::UserEnd() - kFirstEnd}},
        {{SYS_mmap, home + HV_STUB_CODE, HV_STUB_CALLS - HV_STUB_CODE, PROT_READ | PROT_EXEC, kMap,
          kStubImageFd, HV_STUB_CODE}},
        {{SYS_mmap, home + HV_STUB_CALLS, HV_STUB_STACK - HV_STUB_CALLS, PROT_READ, kMap,
          kStubImageFd, HV_STUB_CALLS}},
        {{SYS_mmap, home + HV_STUB_STACK, HV_STUB_STACK_END - HV_STUB_STACK, PROT_READ | PROT_WRITE,
          kMap, kStubImageFd, HV_STUB_STACK}}},
       kFirstStubAddress);

  const uint64_t stack = home + HV_STUB_STACK;
  Scratch scratch = {};
  // SAFETY: addresses of the stub's, which this process never follows.
  scratch.stack.ss_sp = reinterpret_cast<void*>(stack);
  scratch.stack.ss_size = HV_STUB_STACK_END - HV_STUB_STACK;
  scratch.action.handler = home + StubOffset(hv_stub_handler);
  scratch.action.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | kRestorer;
  scratch.program.len =
      static_cast<uint16_t>(WriteFilter(scratch.filter, home + StubOffset(hv_stub_called)));
  // SAFETY: as above.
  scratch.program.filter = reinterpret_cast<sock_filter*>(stack + offsetof(Scratch, filter));
  std::memcpy(image_.mapping.data() + HV_STUB_STACK, &scratch, sizeof(scratch));
  std::vector<Call> calls = {
      {{SYS_munmap, 0, home}},
      {{SYS_close, kStubImageFd}},
      // RLIMIT_CORE is for files alone: what core_pattern pipes to gets a core all the same, core(5).
      {{SYS_prctl, PR_SET_DUMPABLE, 0}},
      {{SYS_sigaltstack, stack + offsetof(Scratch, stack), 0}}};
  for (int signal : kFaultSignals) {
    calls.push_back({{SYS_rt_sigaction, static_cast<uint64_t>(signal),
                      stack + offsetof(Scratch, action), 0, sizeof(KernelSignalSet)}});
  }
  calls.push_back({{SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, stack + offsetof(Scratch, program)}});
  Must(calls, home);
}

void Stub::Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection,
               bool populate) {
  const uint64_t end = arch::StubAddress();
  bool bad =
      (address | length | offset) % kPageBytes != 0 || address > end || length > end - address;
  if (protection != 0) bad |= offset > memory_size_ || length > memory_size_ - offset;
  if (bad) throw std::out_of_range("user range");
  if (length == 0) return;
  const uint64_t flags = MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0);
  if (protection == 0)
    pending_.push_back({{SYS_munmap, address, length}});
  else
    pending_.push_back({{SYS_mmap, address, length, protection, flags,
                         static_cast<uint64_t>(kStubMemoryFd), offset}});
}

bool Stub::Flush() {
  const uint64_t home = arch::StubAddress();
  std::vector<Call> calls;
  calls.swap(pending_);
  try {
    for (size_t done = 0; done < calls.size(); done += HV_STUB_CALL_MAX) {
      size_t count = std::min<size_t>(calls.size() - done, HV_STUB_CALL_MAX);
      if (Make(&calls[done], count, home) == 0) continue;
      // vm.max_map_count, as a rule. What the program has mapped is a memory of what the sentry knows: it may be forgotten.
      Must({{{SYS_munmap, 0, home}}}, home);
      if (Make(&calls[done], count, home) == 0) continue;
      // Not even that much (RLIMIT_AS, no memory): what Linux kills for.
      death_ = SIGKILL;
      return false;
    }
    return true;
  } catch (const std::system_error& error) {
    if (error.code().value() != ESRCH) throw;
    return false;
  }
}

int64_t Stub::Make(const Call* calls, size_t count, uint64_t base) {
  std::memcpy(image_.mapping.data() + HV_STUB_CALLS, calls, count * sizeof(Call));
  UserRegisters start =
      arch::CallRegisters(base + StubOffset(hv_stub_calls), base + HV_STUB_CALLS, count);
  if (!Go(start, 0)) throw std::system_error(ESRCH, std::generic_category(), "ptrace");
  return arch::CallsLeft(registers_) == 0 ? 0 : arch::CallResult(registers_);
}

void Stub::Must(const std::vector<Call>& calls, uint64_t base) {
  int64_t result = Make(calls.data(), calls.size(), base);
  if (result == 0) return;
  throw std::system_error(static_cast<int>(-result), std::generic_category(), "a stub's call");
}

bool Stub::Go(const UserRegisters& registers, int signal) {
  try {
    arch::SetRegisters(tracee_.pid(), registers);
    for (;;) {
      Tracee::Stop stop = tracee_.Resume(PTRACE_CONT, signal);
      signal = 0;
      if (stop.kind == Tracee::Stop::kGone) {
        death_ = stop.signal;
        return false;
      }
      siginfo_t info;
      if (!tracee_.ReadFault(stop.signal, info)) {
        kicked_ = true;
        continue;
      }
      arch::GetRegisters(tracee_.pid(), registers_);
      if (stop.signal == SIGTRAP) return true;
      // Its own code cannot fault, but for what a program did to the rights of memory (x86_64: WRPKRU).
      death_ = stop.signal;
      return false;
    }
  } catch (const std::system_error& error) {
    if (error.code().value() != ESRCH) throw;
    death_ = SIGKILL;
    return false;
  }
}

bool Stub::Park() {
  return Go(arch::CallRegisters(arch::StubAddress() + StubOffset(hv_stub_handler), 0, 0), 0);
}

bool Stub::LeaveFiltered() {
  arch::SkipCall(tracee_.pid());
  // Behind the call that it did not make, before its next instruction, this stops it. The watcher's kick may be in it.
  tracee_.Kick();
  kicked_ = true;
  Tracee::Stop stop = tracee_.Resume(kPtraceSysemu, 0);
  if (stop.kind == Tracee::Stop::kGone) death_ = stop.signal;
  return stop.kind != Tracee::Stop::kGone;
}

bool Stub::Explain(const UserRegisters& registers, TrapRecord& record) {
  std::vector<uint8_t> fp_state;
  if (arch::kHandlerResetsFpState) fp_state = tracee_.ReadFpState();
  const uint64_t stack = arch::StubAddress() + HV_STUB_STACK;
  if (!Go(arch::WithoutStack(registers), record.signal)) return false;
  arch::ReadSignalFrame(registers_, image_.mapping.data() + HV_STUB_STACK,
                        HV_STUB_STACK_END - HV_STUB_STACK, stack, record);
  // On arm64 it is left alone: setting it would clear what SVE's registers have beyond.
  if (arch::kHandlerResetsFpState) tracee_.WriteFpState(fp_state);
  return true;
}

bool Stub::TakeKick() { return std::exchange(kicked_, false); }

}  // namespace hv
