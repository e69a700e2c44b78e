// call_filter.cc: lists the calls that Node and the sentry make while guests run. The tests of guests, command and library run under it.

#include "jail/call_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "arch/sentry_calls.h"
#include "arch/tracee.h"
#include "sys/terminal_guard.h"
#include "sys/terminal_requests.h"

namespace hv {
namespace {

// Calls that older headers lack. Their numbers are the same on both architectures.
constexpr long kIoUringEnter = 426, kCloseRange = 436, kOpenat2 = 437, kFaccessat2 = 439,
               kEpollPwait2 = 441;

// Allowed with any arguments: they reach what is open, or a path, which Landlock decides about. Bare machines need them, too: Node
// loads hv's code and waits.
constexpr long kAllowed[] = {
    // Files.
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_openat,
    SYS_close,
    kCloseRange,
    SYS_fstat,
    SYS_statx,
    SYS_newfstatat,
    SYS_lseek,
    SYS_dup,
    SYS_dup3,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_faccessat,
    kFaccessat2,
    SYS_getcwd,
    // Waiting.
    SYS_pipe2,
    SYS_eventfd2,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    kEpollPwait2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_futex,
    SYS_restart_syscall,
    // The event loop of Node 22 has a ring from its start, and ends the process if it may not enter it. No other ring is made.
    kIoUringEnter,
    // Memory.
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_membarrier,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    // Itself and its threads.
    SYS_exit,
    SYS_exit_group,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getresuid,
    SYS_getresgid,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_sched_yield,
    // These three change nothing, and pthread_getschedparam(3) and pthread_getattr_np(3) ask with a thread's number.
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_min,
    SYS_sched_get_priority_max,
    SYS_getrusage,
    SYS_times,
    SYS_capget,
    SYS_getcpu,
    // Signals.
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    // The host.
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrandom,
    // On what is connected already: the owner's socket.
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_recvfrom,
    SYS_sendto,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_shutdown,
};

// For a guest's files, shared memory and clocks.
constexpr long kAllowedToSentry[] = {
    SYS_readv,
    SYS_preadv,
    SYS_preadv2,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    kOpenat2,
    SYS_fstatfs,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_fadvise64,
    SYS_flock,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_copy_file_range,
    SYS_umask,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_delete,
    SYS_mincore,
    SYS_msync,
    SYS_memfd_create,
};
constexpr long kAllowedToTrace[] = {SYS_wait4, SYS_waitid, SYS_kill, SYS_tgkill};
// A filter over this one can only take rights away.
constexpr long kAllowedToDecide[] = {SYS_seccomp};
// For the terminal's keeper (sys/terminal_guard.h). wait4(2) reaches only children.
constexpr long kAllowedWithTerminal[] = {SYS_wait4};

// Allowed when they name the caller with 0. With a number they reach, or show, other processes of the same user.
constexpr long kAllowedOnItself[] = {SYS_sched_setaffinity, SYS_getpgid, SYS_prlimit64};

// On what listens already. Socket options reach no further than the socket.
constexpr long kAllowedToAccept[] = {SYS_accept4, SYS_setsockopt};

// For a core file: writing a part at its place, and the holes.
constexpr long kAllowedToDump[] = {SYS_pwrite64, SYS_ftruncate};

// fcntl(2), besides F_SETFL. Not those that make a file send signals, to any process: F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE,
// F_NOTIFY.
constexpr uint32_t kFileCommands[] = {F_GETFD,         F_SETFD,     F_GETFL,
                                      F_DUPFD_CLOEXEC, F_OFD_GETLK, F_OFD_SETLK};

constexpr uint32_t kTerminalRequests[] = {
    TCGETS, TCSETS,     TCSETSW,    TCSETSF,   kTcgets2, kTcsets2, kTcsetsw2, kTcsetsf2, TCFLSH,
    TCXONC, TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, FIONREAD, TIOCOUTQ, FIONBIO,   FIOCLEX};
constexpr uint32_t kKvmRequests[] = {
    KVM_RUN,
    KVM_GET_REGS,
    KVM_SET_REGS,
    KVM_GET_SREGS,
    KVM_SET_SREGS,
    KVM_CREATE_VCPU,
    KVM_GET_VCPU_MMAP_SIZE,
    KVM_CHECK_EXTENSION,
    KVM_SET_USER_MEMORY_REGION,
    KVM_GET_ONE_REG,
    KVM_SET_ONE_REG,
    KVM_SET_VCPU_EVENTS,
};
// For a machine that is made already.
constexpr uint32_t kMachineRequests[] = {KVM_RUN,        KVM_GET_REGS,  KVM_SET_REGS,
                                         KVM_GET_SREGS,  KVM_SET_SREGS, KVM_GET_ONE_REG,
                                         KVM_SET_ONE_REG};
constexpr uint32_t kKernelRequests[] = {KVM_IRQ_LINE};
// For a machine that gdb looks into.
constexpr uint32_t kDebugRequests[] = {KVM_SET_GUEST_DEBUG, KVM_CHECK_EXTENSION};
// For a machine whose registers go into a core file: asks how long the vectors' area is.
constexpr uint32_t kDumpRequests[] = {KVM_CHECK_EXTENSION};
// For the devices of a kernel's machine.
constexpr uint32_t kPluggingRequests[] = {KVM_IOEVENTFD};
constexpr uint32_t kMakingRequests[] = {KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_ENABLE_CAP};
// None of them attaches.
constexpr uint32_t kTraceRequests[] = {
    PTRACE_CONT,       31 /* PTRACE_SYSEMU */, PTRACE_GETREGSET,  PTRACE_SETREGSET,
    PTRACE_GETSIGINFO, PTRACE_GETEVENTMSG,     PTRACE_SETOPTIONS, 0x420b /* PTRACE_SETSIGMASK */,
};
constexpr uint32_t kProcessRequests[] = {PR_SET_NAME,       PR_GET_NAME,     PR_SET_TIMERSLACK,
                                         PR_GET_TIMERSLACK, PR_CAPBSET_READ, PR_GET_DUMPABLE,
                                         0x53564d41 /* PR_SET_VMA */};

constexpr uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
constexpr uint32_t kThread = CLONE_VM | CLONE_THREAD;

// A classic BPF program (Documentation/networking/filter.rst) that looks at a call's number.
class Program {
 public:
  Program() {
    Load(offsetof(seccomp_data, arch));
    Skip(BPF_JEQ, arch::kAuditArch, 1, 0);
    Return(SECCOMP_RET_KILL_PROCESS);
    Load(offsetof(seccomp_data, nr));
  }

  void Allow(std::initializer_list<std::span<const long>> lists) {
    for (const auto& list : lists)
      for (long call : list) Return(call, SECCOMP_RET_ALLOW);
  }
  void Fail(long call, int error) {
    Return(call, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error));
  }

  // Allows it if this argument's lower half is one of these; the kernel looks at no more of it.
  void AllowIf(long call, unsigned argument,
               std::initializer_list<std::span<const uint32_t>> lists) {
    Block(call, [&] {
      LoadArgument(argument);
      for (const auto& list : lists)
        for (uint32_t value : list) Return(value, SECCOMP_RET_ALLOW);
    });
  }

  // Allows it if, of the bits of `mask`, this argument has those of `value`.
  void AllowMasked(long call, unsigned argument, uint32_t mask, uint32_t value) {
    Block(call, [&] { ReturnMasked(argument, mask, value); });
  }

  // Allows it if its first argument is `process`, a number.
  void AllowOn(uint32_t process, long call) {
    Block(call, [&] { ReturnMasked(0, ~uint32_t{0}, process); });
  }

  // Allows these commands of fcntl(2), and F_SETFL without signals for input and output.
  void AllowFileCommands(std::span<const uint32_t> commands) {
    Block(SYS_fcntl, [&] {
      LoadArgument(1);
      for (uint32_t command : commands) Return(command, SECCOMP_RET_ALLOW);
      Block(F_SETFL, [&] { ReturnMasked(2, O_ASYNC, 0); });
    });
  }

  int Install() {
    Return(SECCOMP_RET_ERRNO | EPERM);
    const sock_fprog program = {static_cast<unsigned short>(program_.size()), program_.data()};
    const long result =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    // More than 0: the id of a thread that has another filter.
    if (result > 0) return EBUSY;
    return result == 0 ? 0 : errno;
  }

 private:
  void Load(size_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  }
  void LoadArgument(unsigned argument) {
    Load(offsetof(seccomp_data, args) + argument * sizeof(uint64_t));
  }
  void Skip(uint16_t test, uint32_t value, uint8_t if_true, uint8_t if_false) {
    program_.push_back(
        BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, if_true, if_false));
  }
  void Return(uint32_t action) { program_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  // Returns `action` if what was loaded last is `value`.
  void Return(long value, uint32_t action) {
    Skip(BPF_JEQ, static_cast<uint32_t>(value), 0, 1);
    Return(action);
  }
  void ReturnMasked(unsigned argument, uint32_t mask, uint32_t value) {
    LoadArgument(argument);
    program_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    Return(value, SECCOMP_RET_ALLOW);
  }
  // If what was loaded last is `value`: `body`, and EPERM unless that has returned. Jumps reach 255 instructions.
  template <typename Body>
  void Block(long value, Body body) {
    const size_t at = program_.size();
    Skip(BPF_JEQ, static_cast<uint32_t>(value), 0, 0);
    body();
    Return(SECCOMP_RET_ERRNO | EPERM);
    program_[at].jf = static_cast<uint8_t>(program_.size() - at - 1);
  }

  std::vector<sock_filter> program_;
};

}  // namespace

int FilterCalls(const FilterOptions& options) {
  Program program;
  const bool traces = options.caller == Caller::kPtrace;
  using Requests = std::initializer_list<std::span<const uint32_t>>;
  using Some = std::span<const uint32_t>;
  const Some debug = options.accepts ? Some(kDebugRequests)
                     : options.dumps ? Some(kDumpRequests)
                                     : Some();
  const Some vectors = options.accepts || options.dumps ? Some(arch::kVectorRequests) : Some();
  const auto allow_requests = [&](Requests requests) { program.AllowIf(SYS_ioctl, 1, requests); };
  // The most frequent ones first: the kernel caches only calls whose arguments the filter does not look at.
  if (traces) {
    program.AllowIf(SYS_ptrace, 0, {kTraceRequests, arch::kSentryTraceRequests});
    // Guests' processes and their threads.
    program.Allow({kAllowedToTrace});
  }
  if (options.caller == Caller::kMachine) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kTerminalRequests, debug, vectors});
  } else if (options.caller == Caller::kKernel && options.is_undecided) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kKernelRequests, kTerminalRequests,
                    kKvmRequests, arch::kSentryKvmRequests, kMakingRequests, kPluggingRequests,
                    arch::kMakingRequests, vectors});
  } else if (options.caller == Caller::kKernel) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kKernelRequests, kTerminalRequests,
                    debug, vectors});
  } else if (options.is_undecided) {
    allow_requests({kKvmRequests, arch::kSentryKvmRequests, kTerminalRequests, kMakingRequests,
                    arch::kMakingRequests, debug, vectors});
    program.Allow({kAllowedToDecide});
  } else if (traces) {
    allow_requests({kTerminalRequests});
  } else {
    allow_requests({kKvmRequests, arch::kSentryKvmRequests, kTerminalRequests});
  }
  if (!traces) {
    if (options.has_terminal) program.Allow({kAllowedWithTerminal});
    const uint32_t self = static_cast<uint32_t>(::getpid());
    const uint32_t keeper = static_cast<uint32_t>(TerminalKeeper());
    const uint32_t targets[] = {self, keeper != 0 ? keeper : self};
    program.AllowIf(SYS_kill, 0, {targets});
    program.AllowOn(self, SYS_tgkill);
  }
  program.Allow({kAllowed, arch::kSentryCalls});
  if (options.caller != Caller::kMachine)
    program.Allow({kAllowedToSentry});
  else if (options.dumps)
    program.Allow({kAllowedToDump});
  if (options.accepts) program.Allow({kAllowedToAccept});
  program.AllowMasked(SYS_clone, 0, kNewNamespaces | kThread, kThread);
  program.Fail(SYS_clone3, ENOSYS);
  program.AllowIf(SYS_prctl, 0, {kProcessRequests});
  program.AllowFileCommands(kFileCommands);
  for (long call : kAllowedOnItself) program.AllowOn(0, call);
  // Of itself, its process group or its user.
  program.AllowMasked(SYS_getpriority, 1, ~uint32_t{0}, 0);
  return program.Install();
}

}  // namespace hv
