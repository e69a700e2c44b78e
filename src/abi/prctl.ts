// prctl(2): options (linux/prctl.h); personality(2): linux/personality.h; requests of ptrace(2): linux/ptrace.h, asm/ptrace-abi.h.

export const PR_SET_PDEATHSIG = 1
export const PR_GET_PDEATHSIG = 2
export const PR_GET_DUMPABLE = 3
export const PR_SET_DUMPABLE = 4
export const PR_GET_KEEPCAPS = 7
export const PR_SET_KEEPCAPS = 8
export const PR_GET_TIMING = 13
export const PR_SET_TIMING = 14
export const PR_SET_NAME = 15
export const PR_GET_NAME = 16
export const PR_GET_SECCOMP = 21
export const PR_SET_SECCOMP = 22
export const PR_CAPBSET_READ = 23
export const PR_CAPBSET_DROP = 24
export const PR_GET_SECUREBITS = 27
export const PR_SET_SECUREBITS = 28
export const PR_SET_TIMERSLACK = 29
export const PR_GET_TIMERSLACK = 30
export const PR_TASK_PERF_EVENTS_DISABLE = 31
export const PR_TASK_PERF_EVENTS_ENABLE = 32
export const PR_MCE_KILL_GET = 34
export const PR_SET_CHILD_SUBREAPER = 36
export const PR_GET_CHILD_SUBREAPER = 37
export const PR_SET_NO_NEW_PRIVS = 38
export const PR_GET_NO_NEW_PRIVS = 39
export const PR_GET_TID_ADDRESS = 40
export const PR_SET_THP_DISABLE = 41
export const PR_GET_THP_DISABLE = 42
export const PR_CAP_AMBIENT = 47
export const PR_SET_IO_FLUSHER = 57
export const PR_GET_IO_FLUSHER = 58
export const PR_GET_AUXV = 0x41555856

/** Of PR_CAP_AMBIENT. */
export const PR_CAP_AMBIENT_IS_SET = 1
export const PR_CAP_AMBIENT_RAISE = 2
export const PR_CAP_AMBIENT_LOWER = 3
export const PR_CAP_AMBIENT_CLEAR_ALL = 4

/** Of PR_MCE_KILL_GET. */
export const PR_MCE_KILL_DEFAULT = 2

/** The execution domain: the rest is flags. */
export const PER_MASK = 0xff
export const PER_LINUX32 = 8
/** execve(2) puts each part of a program at the same address every time. */
export const ADDR_NO_RANDOMIZE = 0x40000
/** What a program with others' rights does not keep: READ_IMPLIES_EXEC, ADDR_COMPAT_LAYOUT, ADDR_NO_RANDOMIZE, MMAP_PAGE_ZERO. */
export const PER_CLEAR_ON_SETID = 0x740000
/** select(2) and the like leave the caller's time-out as it is. */
export const STICKY_TIMEOUTS = 0x4000000

export const PTRACE_TRACEME = 0
export const PTRACE_PEEKTEXT = 1
export const PTRACE_PEEKDATA = 2
export const PTRACE_CONT = 7
export const PTRACE_KILL = 8
/** x86_64. */
export const PTRACE_GETREGS = 12
/** x86_64. */
export const PTRACE_GETFPREGS = 14
export const PTRACE_ATTACH = 16
export const PTRACE_DETACH = 17
export const PTRACE_GETSIGINFO = 0x4202
export const PTRACE_GETREGSET = 0x4204
export const PTRACE_SEIZE = 0x4206
