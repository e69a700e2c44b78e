// call_filter.cc: lists the calls that Node and the sentry make while guests run. The tests of guests, command and library run under it.

#include "jail/call_filter.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <initializer_list>
#include <span>

#include "arch/sentry_calls.h"
#include "jail/call_program.h"
#include "sys/terminal_guard.h"
#include "sys/terminal_requests.h"

namespace hv {
namespace {

// Calls that older headers lack. Their numbers are the same on both architectures.
constexpr long kIoUringEnter = 426, kCloseRange = 436, kFaccessat2 = 439, kEpollPwait2 = 441,
               kFchmodat2 = 452;

// Allowed with any arguments: they reach what is open, or a path, which Landlock decides about. Bare machines need them, too: Node
// loads hv's code and waits.
constexpr long kAllowed[] = {
    // Files.
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_writev,
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
    // On what is connected already: the owner's and the broker's sockets, and those that the broker has connected. Not sendmsg(2), whose
    // address no filter sees.
    SYS_recvmsg,
    SYS_recvfrom,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_shutdown,
};

// For a guest's files, shared memory and clocks.
constexpr long kAllowedToSentry[] = {
    SYS_readv,           SYS_preadv,       SYS_preadv2,         SYS_pwrite64,
    SYS_pwritev,         SYS_pwritev2,     SYS_fstatfs,         SYS_ftruncate,
    SYS_fallocate,       SYS_fsync,        SYS_fdatasync,       SYS_sync_file_range,
    SYS_fadvise64,       SYS_flock,        SYS_copy_file_range, SYS_umask,
    SYS_fgetxattr,       SYS_flistxattr,   SYS_timerfd_create,  SYS_timerfd_settime,
    SYS_timerfd_gettime, SYS_timer_create, SYS_timer_settime,   SYS_timer_delete,
    SYS_mincore,         SYS_msync,        SYS_memfd_create,
};
// What is written: names, about which Landlock decides, and what was opened, about which it has decided.
constexpr long kAllowedToChange[] = {SYS_mkdirat, SYS_unlinkat,  SYS_renameat2,
                                     SYS_linkat,  SYS_symlinkat, SYS_fchown};
// Landlock does not decide about these.
constexpr long kAllowedByPath[] = {SYS_fchownat, SYS_utimensat};
constexpr long kAllowedToTrace[] = {SYS_wait4, SYS_waitid, SYS_kill, SYS_tgkill};
// A filter over this one can only take rights away.
constexpr long kAllowedToDecide[] = {SYS_seccomp};
// For the terminal's keeper (sys/terminal_guard.h), and for the broker, which the event loop waits for when it has ended, and aborts if it
// may not. wait4(2) reaches only children.
constexpr long kAllowedWithChildren[] = {SYS_wait4};

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
    KVM_GET_VCPU_EVENTS,
    KVM_SET_VCPU_EVENTS,
};
// For a machine that is made already.
constexpr uint32_t kMachineRequests[] = {KVM_RUN,        KVM_GET_REGS,  KVM_SET_REGS,
                                         KVM_GET_SREGS,  KVM_SET_SREGS, KVM_GET_ONE_REG,
                                         KVM_SET_ONE_REG};
// For the lines of a machine's own interrupt controller.
constexpr uint32_t kLineRequests[] = {KVM_IRQ_LINE};
// For the network card of a kernel's machine: its driver says, at any time, what it takes from a TAP interface.
constexpr uint32_t kTapRequests[] = {TUNSETOFFLOAD};
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

void AllowChanges(Program& program, Changes changes) {
  if (changes == Changes::kNone) return;
  program.Allow({kAllowedToChange});
  program.AllowMasked(SYS_mknodat, 2, kSetIds, 0);
  program.AllowMasked(SYS_fchmod, 1, kSetIds, 0);
  if (changes == Changes::kThroughOpenFiles) {
    program.AllowIfNull(SYS_utimensat, 1);
  } else {
    program.Allow({kAllowedByPath});
    program.AllowMasked(kFchmodat2, 2, kSetIds, 0);
  }
}

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
  const Some state = options.dumps ? Some(arch::kDumpRequests) : Some();
  const auto allow_requests = [&](Requests requests) { program.AllowIf(SYS_ioctl, 1, requests); };
  // The most frequent ones first: the kernel caches only calls whose arguments the filter does not look at.
  if (traces) {
    program.AllowIf(SYS_ptrace, 0, {kTraceRequests, arch::kSentryTraceRequests});
    // Guests' processes and their threads.
    program.Allow({kAllowedToTrace});
  }
  if (options.caller == Caller::kMachine) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kLineRequests, kTerminalRequests,
                    debug, vectors, state});
  } else if (options.caller == Caller::kKernel && options.is_undecided) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kLineRequests, arch::kKernelRequests,
                    kTapRequests, kTerminalRequests, kKvmRequests, arch::kSentryKvmRequests,
                    kMakingRequests, kPluggingRequests, arch::kMakingRequests, vectors, state});
  } else if (options.caller == Caller::kKernel) {
    allow_requests({kMachineRequests, arch::kMachineRequests, kLineRequests, arch::kKernelRequests,
                    kTapRequests, kTerminalRequests, debug, vectors, state});
  } else if (options.is_undecided) {
    allow_requests({kKvmRequests, arch::kSentryKvmRequests, kTerminalRequests, kMakingRequests,
                    arch::kMakingRequests, kLineRequests, debug, vectors, state});
    program.Allow({kAllowedToDecide});
  } else if (traces) {
    allow_requests({kTerminalRequests});
  } else {
    allow_requests({kKvmRequests, arch::kSentryKvmRequests, kTerminalRequests});
  }
  if (!traces) {
    if (options.has_children) program.Allow({kAllowedWithChildren});
    const uint32_t self = static_cast<uint32_t>(::getpid());
    const uint32_t keeper = static_cast<uint32_t>(TerminalKeeper());
    const uint32_t targets[] = {self, keeper != 0 ? keeper : self};
    program.AllowIf(SYS_kill, 0, {targets});
    program.AllowOn(self, SYS_tgkill);
  }
  program.AllowOpening(SYS_openat, 2);
  program.Allow({kAllowed, arch::kSentryCalls});
  for (long call : arch::kOldOpen) program.AllowOpening(call, 1);
  if (options.caller != Caller::kMachine) {
    program.Allow({kAllowedToSentry});
    AllowChanges(program, options.changes);
  } else if (options.dumps) {
    program.Allow({kAllowedToDump});
  }
  if (options.accepts) program.Allow({kAllowedToAccept});
  program.AllowIfNull(SYS_sendto, 4);
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
