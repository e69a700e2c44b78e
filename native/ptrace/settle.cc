// settle.cc: how the first stub settles in: it moves from its first place to its last, and keeps nothing that execve(2) put into it.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstring>

#include "ptrace/start_stub.h"
#include "ptrace/stub.h"
#include "ptrace/tracer.h"
#include "sys/ioctl.h"
#include "sys/kernel_action.h"

// shim/*/stub.S
extern "C" const uint8_t hv_stub_called[], hv_stub_handler[];

namespace hv {
namespace {

constexpr uint64_t kPageBytes = 4096;

#ifndef PTRACE_SETSIGMASK
#define PTRACE_SETSIGMASK 0x420b
#endif

constexpr size_t kFilterLength = 26;

// What settling in needs in the stub's memory. It lies in a signal stack that is not in use yet.
struct Scratch {
  KernelAction handle;
  KernelAction ignore;
  sock_fprog program;
  sock_filter filter[kFilterLength];
};

constexpr uint32_t Low(uint64_t word) { return static_cast<uint32_t>(word); }
constexpr uint32_t High(uint64_t word) { return static_cast<uint32_t>(word >> 32); }

// Kills the stub at once for any call but those that the tracer has it make, which come from its own code: seccomp(2). Calls in the
// vsyscall page stop it.
void WriteFilter(sock_filter* filter, uint64_t call_address) {
  constexpr size_t kAddress = offsetof(seccomp_data, instruction_pointer);
  constexpr size_t kFlags = offsetof(seccomp_data, args);
  // Positions in the program.
  constexpr int kAllow = 23, kKill = 24, kTrace = 25;
  constexpr int kVsyscall = 4, kOwnCode = 7, kClone = 16;
  int at = 0;
  auto load = [&](size_t offset) {
    filter[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
  };
  auto if_equal = [&](uint32_t value, int yes, int no) {
    filter[at] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, static_cast<uint8_t>(yes - at - 1),
                          static_cast<uint8_t>(no - at - 1));
    at++;
  };
  auto otherwise = [&](uint32_t value, int no) { if_equal(value, at + 1, no); };
  load(offsetof(seccomp_data, arch));
  otherwise(arch::kAuditArch, kKill);
  load(kAddress + 4);
  if_equal(High(arch::kVsyscallPage), kVsyscall, kOwnCode);
  load(kAddress);
  filter[at++] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, Low(~(kPageBytes - 1)));
  if_equal(Low(arch::kVsyscallPage), kTrace, kKill);
  otherwise(High(call_address), kKill);
  load(kAddress);
  otherwise(Low(call_address), kKill);
  load(offsetof(seccomp_data, nr));
  for (uint32_t call : {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_sigaltstack, SYS_sched_setaffinity})
    if_equal(call, kAllow, at + 1);
  if_equal(SYS_clone, kClone + 1, kKill);
  load(kFlags + 4);
  otherwise(0, kKill);
  load(kFlags);
  if_equal(Low(kThreadFlags), kAllow, at + 1);
  if_equal(Low(kProcessFlags), kAllow, at + 1);
  if_equal(Low(kProcessFlags | CLONE_PARENT), kAllow, kKill);
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  filter[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
}

}  // namespace

Stub::Stub(Tracer& tracer) : tracer_(tracer), slot_(tracer.pages()), is_first_(true) {
  SharedMemory image = CreateStubImage();
  const pid_t pid = StartStub(image, tracer_.memory());
  tracer_.waits().SetGroup(0);
  threads_.push_back(std::make_unique<StubThread>(*this, 0, Tracee(pid, pid)));
  tracer_.Add(leader());
  try {
    Stop stop = leader().Wait();
    if (stop.kind != Stop::kSignal || stop.signal != SIGTRAP)
      throw std::system_error(ECHILD, std::generic_category(), "execveat");
    SettleIn(image.mapping.data());
  } catch (...) {
    Bury();
    throw;
  }
  // The first stub leads a session, and a group that all others are born into.
  tracer_.waits().SetGroup(pid);
}

void Stub::SettleIn(uint8_t* image) {
  const pid_t pid = leader().tracee().thread();
  constexpr int kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
                           PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK;
  Check(::ptrace(PTRACE_SETOPTIONS, pid, nullptr, kOptions), "PTRACE_SETOPTIONS");
  KernelSignalSet none = 0;
  Check(::ptrace(static_cast<__ptrace_request>(PTRACE_SETSIGMASK), pid, sizeof(none), &none),
        "PTRACE_SETSIGMASK");

  const uint64_t home = arch::StubAddress();
  constexpr uint64_t kFirstEnd = kFirstStubAddress + HV_STUB_IMAGE_BYTES;
  const Call arrive[] = {
      {{SYS_munmap, kFirstEnd, arch::UserEnd() - kFirstEnd}},
      {{SYS_mmap, home + HV_STUB_CODE, HV_STUB_CALLS - HV_STUB_CODE, PROT_READ | PROT_EXEC,
        MAP_SHARED | MAP_FIXED, kStubImageFd, HV_STUB_CODE}},
      MapCalls(),
      MapStacks()};
  RequireMade(leader().MakeAt(kFirstStubAddress, kFirstStubAddress + HV_STUB_CALLS,
                              image + HV_STUB_CALLS, arrive, std::size(arrive)));

  const uint64_t scratch_address = leader().stack_address();
  Scratch scratch = {};
  scratch.handle.handler = home + StubOffset(hv_stub_handler);
  scratch.handle.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | kRestorer;
  // SAFETY: SIG_IGN is the number 1.
  scratch.ignore.handler = reinterpret_cast<uint64_t>(SIG_IGN);
  WriteFilter(scratch.filter, home + StubOffset(hv_stub_called));
  scratch.program.len = kFilterLength;
  // SAFETY: an address of the stub's, which this process never follows.
  scratch.program.filter =
      reinterpret_cast<sock_filter*>(scratch_address + offsetof(Scratch, filter));
  std::memcpy(slot_.stack(0), &scratch, sizeof(scratch));
  auto act = [&](int signal, size_t action) -> Call {
    return {{SYS_rt_sigaction, static_cast<uint64_t>(signal), scratch_address + action, 0,
             sizeof(KernelSignalSet)}};
  };
  std::vector<Call> calls = {
      {{SYS_munmap, 0, home}},
      {{SYS_close, kStubImageFd}},
      // RLIMIT_CORE is for files alone: a program that core_pattern pipes to still gets a core, core(5).
      {{SYS_prctl, PR_SET_DUMPABLE, 0}},
      leader().SetSignalStack(),
      // For its children: the kernel reaps them once the tracer has.
      act(SIGCHLD, offsetof(Scratch, ignore))};
  for (int signal : kFaultSignals) calls.push_back(act(signal, offsetof(Scratch, handle)));
  calls.push_back(
      {{SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, scratch_address + offsetof(Scratch, program)}});
  leader().Must(calls);
}

}  // namespace hv
