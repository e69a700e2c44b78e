// clone(2)'s flags (linux/sched.h), and struct clone_args; scheduling policies and struct sched_attr's flags (uapi/linux/sched.h).

/** The low byte is the signal that the parent gets when the child ends. */
export const CSIGNAL = 0xff
export const CLONE_VM = 0x100
export const CLONE_FS = 0x200
export const CLONE_FILES = 0x400
export const CLONE_SIGHAND = 0x800
export const CLONE_PIDFD = 0x1000
export const CLONE_VFORK = 0x4000
export const CLONE_PARENT = 0x8000
export const CLONE_THREAD = 0x10000
export const CLONE_NEWNS = 0x20000
export const CLONE_SYSVSEM = 0x40000
export const CLONE_SETTLS = 0x80000
export const CLONE_PARENT_SETTID = 0x100000
export const CLONE_CHILD_CLEARTID = 0x200000
export const CLONE_DETACHED = 0x400000
export const CLONE_CHILD_SETTID = 0x1000000
export const CLONE_NEWCGROUP = 0x2000000
export const CLONE_NEWUTS = 0x4000000
export const CLONE_NEWIPC = 0x8000000
export const CLONE_NEWUSER = 0x10000000
export const CLONE_NEWPID = 0x20000000
export const CLONE_NEWNET = 0x40000000
/** Only for clone3(2) and unshare(2). */
export const CLONE_NEWTIME = 0x80
/** Only for clone3(2): above 32 bits. */
export const CLONE_CLEAR_SIGHAND = 0x1_0000_0000
export const CLONE_INTO_CGROUP = 0x2_0000_0000

export const CLONE_ARGS_SIZE_VER0 = 64
export const CLONE_ARGS_SIZE_VER2 = 88
/** All but CLONE_NEWTIME. */
export const NAMESPACES =
  CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET

export const SCHED_OTHER = 0
export const SCHED_FIFO = 1
export const SCHED_RR = 2
export const SCHED_BATCH = 3
export const SCHED_IDLE = 5
export const SCHED_DEADLINE = 6
/** In sched_setscheduler(2)'s policy. */
export const SCHED_RESET_ON_FORK = 0x40000000

export const NORMAL_POLICIES: readonly number[] = [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE]
export const REAL_TIME_POLICIES: readonly number[] = [SCHED_FIFO, SCHED_RR]
export const MIN_REAL_TIME_PRIORITY = 1
export const MAX_REAL_TIME_PRIORITY = 99

export const SCHED_FLAG_RESET_ON_FORK = 0x01
export const SCHED_FLAG_KEEP_POLICY = 0x08
export const SCHED_FLAG_KEEP_PARAMS = 0x10
export const SCHED_FLAG_UTIL_CLAMP = 0x60
export const SCHED_FLAG_ALL = 0x7f

export const LEAST_NICE = -20
export const NICEST = 19
