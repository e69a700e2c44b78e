// table.ts: one row per system call: the one truth about what is supported. A table, so it may be long.
// arm64 has no number where Linux dropped the legacy call. `args` are the trace's kinds, one word an argument.

import {ENOSYS} from '../../abi/errno.ts'
import {access, faccessat, faccessat2} from './access.ts'
import {adjtimex, clockAdjtime} from './adjtimex.ts'
import {archPrctl} from './arch-prctl.ts'
import {chdir, chroot, fchdir} from './chdir.ts'
import {chmod, fchmod, fchmodat, fchmodat2} from './chmod.ts'
import {chown, fchown, fchownat, lchown} from './chown.ts'
import {clockGetres, clockGettime, clockSettime} from './clock-gettime.ts'
import {close} from './close.ts'
import {closeRange} from './close-range.ts'
import {dup, dup2, dup3} from './dup.ts'
import {exit, exitGroup} from './exit.ts'
import {fadvise64, readahead} from './fadvise.ts'
import {fallocate} from './fallocate.ts'
import {fsync, sync, syncFileRange, syncfs} from './fsync.ts'
import {getcwd} from './getcwd.ts'
import {getdents, getdents64} from './getdents.ts'
import {alarm, getitimer, setitimer} from './getitimer.ts'
import {getpid, getppid, gettid} from './getpid.ts'
import {getrandom} from './getrandom.ts'
import {getrlimit, prlimit64, setrlimit} from './getrlimit.ts'
import {gettimeofday, settimeofday, time} from './gettimeofday.ts'
import {getegid, geteuid, getgid, getgroups, getresgid, getresuid, getuid, setgroups} from './getuid.ts'
import {ioctl} from './ioctl.ts'
import {kill, rtSigqueueinfo, rtTgsigqueueinfo, tgkill, tkill} from './kill.ts'
import {link, linkat} from './link.ts'
import {lseek} from './lseek.ts'
import {mkdir, mkdirat} from './mkdir.ts'
import {mknod, mknodat} from './mknod.ts'
import {clockNanosleep, nanosleep} from './nanosleep.ts'
import {creat, open, openat} from './open.ts'
import {openat2} from './openat2.ts'
import {pread64, read} from './read.ts'
import {readlink, readlinkat} from './readlink.ts'
import {preadv, preadv2, pwritev, pwritev2, readv, writev} from './readv.ts'
import {refuse} from './refuse.ts'
import {rename, renameat, renameat2} from './rename.ts'
import {getRobustList, setRobustList, setTidAddress} from './set-tid-address.ts'
import {rtSigaction} from './sigaction.ts'
import {sigaltstack} from './sigaltstack.ts'
import {pause, rtSigpending, rtSigprocmask, rtSigsuspend} from './sigprocmask.ts'
import {rtSigreturn} from './sigreturn.ts'
import {rtSigtimedwait} from './sigwaitinfo.ts'
import {fstat, lstat, newfstatat, stat} from './stat.ts'
import {fstatfs, statfs} from './statfs.ts'
import {statx} from './statx.ts'
import {symlink, symlinkat} from './symlink.ts'
import type {Row} from './syscall.ts'
import {timerCreate, timerDelete, timerGetoverrun, timerGettime, timerSettime} from './timer-create.ts'
import {getrusage, times} from './times.ts'
import {ftruncate, truncate} from './truncate.ts'
import {umask} from './umask.ts'
import {sethostname, uname} from './uname.ts'
import {rmdir, unlink, unlinkat} from './unlink.ts'
import {futimesat, utime, utimensat, utimes} from './utimensat.ts'
import {pwrite64, write} from './write.ts'

export const table: readonly Row[] = [
  // Files and directories.
  {name: 'read', x86_64: 0, arm64: 63, run: read, args: 'fd out size'},
  {name: 'write', x86_64: 1, arm64: 64, run: write, args: 'fd in size'},
  {name: 'pread64', x86_64: 17, arm64: 67, run: pread64, args: 'fd out size long'},
  {name: 'pwrite64', x86_64: 18, arm64: 68, run: pwrite64, args: 'fd in size long'},
  {name: 'readv', x86_64: 19, arm64: 65, run: readv, args: 'fd iov_out int'},
  {name: 'writev', x86_64: 20, arm64: 66, run: writev, args: 'fd iov_in int'},
  {name: 'preadv', x86_64: 295, arm64: 69, run: preadv, args: 'fd iov_out int long long'},
  {name: 'pwritev', x86_64: 296, arm64: 70, run: pwritev, args: 'fd iov_in int long long'},
  {name: 'preadv2', x86_64: 327, arm64: 286, run: preadv2, args: 'fd iov_out int long long hex'},
  {name: 'pwritev2', x86_64: 328, arm64: 287, run: pwritev2, args: 'fd iov_in int long long hex'},
  {name: 'open', x86_64: 2, run: open, args: 'path openflags mode'},
  {name: 'openat', x86_64: 257, arm64: 56, run: openat, args: 'dirfd path openflags mode'},
  {
    name: 'openat2',
    x86_64: 437,
    arm64: 437,
    run: openat2,
    args: 'dirfd path ptr size',
    support: {partial: 'RESOLVE_NO_SYMLINKS, _NO_MAGICLINKS, _NO_XDEV and _BENEATH are EINVAL'},
  },
  {name: 'creat', x86_64: 85, run: creat, args: 'path mode'},
  {name: 'close', x86_64: 3, arm64: 57, run: close, args: 'fd'},
  {name: 'close_range', x86_64: 436, arm64: 436, run: closeRange, args: 'fd fd hex'},
  {name: 'stat', x86_64: 4, run: stat, args: 'path stat'},
  {name: 'fstat', x86_64: 5, arm64: 80, run: fstat, args: 'fd stat'},
  {name: 'lstat', x86_64: 6, run: lstat, args: 'path stat'},
  {name: 'newfstatat', x86_64: 262, arm64: 79, run: newfstatat, args: 'dirfd path stat atflags'},
  {name: 'statx', x86_64: 332, arm64: 291, run: statx, args: 'dirfd path atflags hex statx'},
  {name: 'access', x86_64: 21, run: access, args: 'path amode'},
  {name: 'faccessat', x86_64: 269, arm64: 48, run: faccessat, args: 'dirfd path amode'},
  {name: 'faccessat2', x86_64: 439, arm64: 439, run: faccessat2, args: 'dirfd path amode atflags'},
  {name: 'getdents', x86_64: 78, run: getdents, args: 'fd ptr size'},
  {name: 'getdents64', x86_64: 217, arm64: 61, run: getdents64, args: 'fd ptr size'},
  {name: 'lseek', x86_64: 8, arm64: 62, run: lseek, args: 'fd long whence'},
  {name: 'dup', x86_64: 32, arm64: 23, run: dup, args: 'fd'},
  {name: 'dup2', x86_64: 33, run: dup2, args: 'fd fd'},
  {name: 'dup3', x86_64: 292, arm64: 24, run: dup3, args: 'fd fd openflags'},
  {name: 'ioctl', x86_64: 16, arm64: 29, run: ioctl, args: 'fd ioctl ptr'},
  {name: 'link', x86_64: 86, run: link, args: 'path path'},
  {name: 'linkat', x86_64: 265, arm64: 37, run: linkat, args: 'dirfd path dirfd path atflags'},
  {name: 'symlink', x86_64: 88, run: symlink, args: 'str path'},
  {name: 'symlinkat', x86_64: 266, arm64: 36, run: symlinkat, args: 'str dirfd path'},
  {name: 'readlink', x86_64: 89, run: readlink, args: 'path out size'},
  {name: 'readlinkat', x86_64: 267, arm64: 78, run: readlinkat, args: 'dirfd path out size'},
  {name: 'unlink', x86_64: 87, run: unlink, args: 'path'},
  {name: 'unlinkat', x86_64: 263, arm64: 35, run: unlinkat, args: 'dirfd path atflags'},
  {name: 'rmdir', x86_64: 84, run: rmdir, args: 'path'},
  {name: 'rename', x86_64: 82, run: rename, args: 'path path'},
  {name: 'renameat', x86_64: 264, arm64: 38, run: renameat, args: 'dirfd path dirfd path'},
  {name: 'renameat2', x86_64: 316, arm64: 276, run: renameat2, args: 'dirfd path dirfd path hex'},
  {name: 'mkdir', x86_64: 83, run: mkdir, args: 'path mode'},
  {name: 'mkdirat', x86_64: 258, arm64: 34, run: mkdirat, args: 'dirfd path mode'},
  {name: 'mknod', x86_64: 133, run: mknod, args: 'path mode hex'},
  {name: 'mknodat', x86_64: 259, arm64: 33, run: mknodat, args: 'dirfd path mode hex'},
  {name: 'chmod', x86_64: 90, run: chmod, args: 'path mode'},
  {name: 'fchmod', x86_64: 91, arm64: 52, run: fchmod, args: 'fd mode'},
  {name: 'fchmodat', x86_64: 268, arm64: 53, run: fchmodat, args: 'dirfd path mode'},
  {name: 'fchmodat2', x86_64: 452, arm64: 452, run: fchmodat2, args: 'dirfd path mode atflags'},
  {name: 'chown', x86_64: 92, run: chown, args: 'path int int'},
  {name: 'fchown', x86_64: 93, arm64: 55, run: fchown, args: 'fd int int'},
  {name: 'lchown', x86_64: 94, run: lchown, args: 'path int int'},
  {name: 'fchownat', x86_64: 260, arm64: 54, run: fchownat, args: 'dirfd path int int atflags'},
  {name: 'utime', x86_64: 132, run: utime, args: 'path ptr'},
  {name: 'utimes', x86_64: 235, run: utimes, args: 'path ptr'},
  {name: 'futimesat', x86_64: 261, run: futimesat, args: 'dirfd path ptr'},
  {name: 'utimensat', x86_64: 280, arm64: 88, run: utimensat, args: 'dirfd path ptr atflags'},
  {name: 'truncate', x86_64: 76, arm64: 45, run: truncate, args: 'path long'},
  {name: 'ftruncate', x86_64: 77, arm64: 46, run: ftruncate, args: 'fd long'},
  {name: 'fallocate', x86_64: 285, arm64: 47, run: fallocate, args: 'fd hex long long'},
  {name: 'fsync', x86_64: 74, arm64: 82, run: fsync, args: 'fd'},
  {name: 'fdatasync', x86_64: 75, arm64: 83, run: fsync, args: 'fd'},
  {name: 'sync', x86_64: 162, arm64: 81, run: sync, args: ''},
  {name: 'syncfs', x86_64: 306, arm64: 267, run: syncfs, args: 'fd'},
  {name: 'sync_file_range', x86_64: 277, arm64: 84, run: syncFileRange, args: 'fd long long hex'},
  {name: 'fadvise64', x86_64: 221, arm64: 223, run: fadvise64, args: 'fd long long int'},
  {name: 'readahead', x86_64: 187, arm64: 213, run: readahead, args: 'fd long size'},
  {name: 'chdir', x86_64: 80, arm64: 49, run: chdir, args: 'path'},
  {name: 'fchdir', x86_64: 81, arm64: 50, run: fchdir, args: 'fd'},
  {name: 'chroot', x86_64: 161, arm64: 51, run: chroot, args: 'path'},
  {name: 'getcwd', x86_64: 79, arm64: 17, run: getcwd, args: 'out size'},
  {name: 'umask', x86_64: 95, arm64: 166, run: umask, args: 'mode'},
  {name: 'statfs', x86_64: 137, arm64: 43, run: statfs, args: 'path ptr'},
  {name: 'fstatfs', x86_64: 138, arm64: 44, run: fstatfs, args: 'fd ptr'},

  // Memory.
  // Signals and timers.
  // Time.
  {name: 'rt_sigaction', x86_64: 13, arm64: 134, run: rtSigaction, args: 'sig sigaction sigaction_out size'},
  {name: 'rt_sigprocmask', x86_64: 14, arm64: 135, run: rtSigprocmask, args: 'int sigset sigset_out size'},
  {name: 'rt_sigreturn', x86_64: 15, arm64: 139, run: rtSigreturn, args: ''},
  {name: 'rt_sigpending', x86_64: 127, arm64: 136, run: rtSigpending, args: 'sigset_out size'},
  {
    name: 'rt_sigtimedwait',
    x86_64: 128,
    arm64: 137,
    run: rtSigtimedwait,
    args: 'sigset siginfo_out timespec size',
    result: 'sig',
  },
  {name: 'rt_sigqueueinfo', x86_64: 129, arm64: 138, run: rtSigqueueinfo, args: 'int sig siginfo'},
  {name: 'rt_tgsigqueueinfo', x86_64: 297, arm64: 240, run: rtTgsigqueueinfo, args: 'int int sig siginfo'},
  {name: 'rt_sigsuspend', x86_64: 130, arm64: 133, run: rtSigsuspend, args: 'sigset size'},
  {name: 'sigaltstack', x86_64: 131, arm64: 132, run: sigaltstack, args: 'ptr ptr'},
  {name: 'kill', x86_64: 62, arm64: 129, run: kill, args: 'int sig'},
  {name: 'tkill', x86_64: 200, arm64: 130, run: tkill, args: 'int sig'},
  {name: 'tgkill', x86_64: 234, arm64: 131, run: tgkill, args: 'int int sig'},
  {name: 'pause', x86_64: 34, run: pause, args: ''},
  {name: 'alarm', x86_64: 37, run: alarm, args: 'uint'},
  {name: 'getitimer', x86_64: 36, arm64: 102, run: getitimer, args: 'int itimerval_out'},
  {
    name: 'setitimer',
    x86_64: 38,
    arm64: 103,
    run: setitimer,
    args: 'int itimerval itimerval_out',
    support: {partial: 'ITIMER_VIRTUAL and ITIMER_PROF both count the time that the guest ran, to 4 ms'},
  },
  {
    name: 'timer_create',
    x86_64: 222,
    arm64: 107,
    run: timerCreate,
    args: 'clockid ptr ptr',
    support: {partial: "a step of the host's clock does not move absolute CLOCK_REALTIME timers"},
  },
  {
    name: 'timer_settime',
    x86_64: 223,
    arm64: 110,
    run: timerSettime,
    args: 'int int itimerspec itimerspec_out',
  },
  {name: 'timer_gettime', x86_64: 224, arm64: 108, run: timerGettime, args: 'int itimerspec_out'},
  {name: 'timer_getoverrun', x86_64: 225, arm64: 109, run: timerGetoverrun, args: 'int'},
  {name: 'timer_delete', x86_64: 226, arm64: 111, run: timerDelete, args: 'int'},
  {name: 'gettimeofday', x86_64: 96, arm64: 169, run: gettimeofday, args: 'timeval_out ptr'},
  {
    name: 'settimeofday',
    x86_64: 164,
    arm64: 170,
    run: settimeofday,
    args: 'timeval ptr',
    support: {refused: "EPERM: the clock is the host's"},
  },
  {name: 'time', x86_64: 201, run: time, args: 'ptr'},
  {name: 'nanosleep', x86_64: 35, arm64: 101, run: nanosleep, args: 'timespec timespec_out'},
  {
    name: 'clock_nanosleep',
    x86_64: 230,
    arm64: 115,
    run: clockNanosleep,
    args: 'clockid int timespec timespec_out',
    support: {partial: 'CPU clocks are EOPNOTSUPP'},
  },
  {
    name: 'times',
    x86_64: 100,
    arm64: 153,
    run: times,
    args: 'ptr',
    support: {partial: 'all CPU time is user time'},
  },
  {
    name: 'getrusage',
    x86_64: 98,
    arm64: 165,
    run: getrusage,
    args: 'int ptr',
    support: {partial: 'all CPU time is user time; faults and switches are not counted'},
  },
  {
    name: 'adjtimex',
    x86_64: 159,
    arm64: 171,
    run: adjtimex,
    args: 'ptr',
    support: {partial: 'a query says "unsynchronised"; changes are EPERM'},
  },
  {
    name: 'clock_adjtime',
    x86_64: 305,
    arm64: 266,
    run: clockAdjtime,
    args: 'clockid ptr',
    support: {partial: 'as adjtimex'},
  },

  // Processes, identity, system.
  {
    name: 'clock_gettime',
    x86_64: 228,
    arm64: 113,
    run: clockGettime,
    args: 'clockid timespec_out',
    support: {partial: "a thread CPU clock is its process's"},
  },
  {name: 'clock_getres', x86_64: 229, arm64: 114, run: clockGetres, args: 'clockid timespec_out'},
  {
    name: 'clock_settime',
    x86_64: 227,
    arm64: 112,
    run: clockSettime,
    args: 'clockid timespec',
    support: {refused: "EPERM: the clock is the host's"},
  },
  {name: 'exit', x86_64: 60, arm64: 93, run: exit, args: 'int'},
  {name: 'exit_group', x86_64: 231, arm64: 94, run: exitGroup, args: 'int'},
  {name: 'getpid', x86_64: 39, arm64: 172, run: getpid, args: ''},
  {name: 'getppid', x86_64: 110, arm64: 173, run: getppid, args: ''},
  {name: 'gettid', x86_64: 186, arm64: 178, run: gettid, args: ''},
  {name: 'getuid', x86_64: 102, arm64: 174, run: getuid, args: ''},
  {name: 'geteuid', x86_64: 107, arm64: 175, run: geteuid, args: ''},
  {name: 'getgid', x86_64: 104, arm64: 176, run: getgid, args: ''},
  {name: 'getegid', x86_64: 108, arm64: 177, run: getegid, args: ''},
  {name: 'getresuid', x86_64: 118, arm64: 148, run: getresuid, args: 'ptr ptr ptr'},
  {name: 'getresgid', x86_64: 120, arm64: 150, run: getresgid, args: 'ptr ptr ptr'},
  {name: 'getgroups', x86_64: 115, arm64: 158, run: getgroups, args: 'int ptr'},
  {name: 'setgroups', x86_64: 116, arm64: 159, run: setgroups, args: 'int ptr'},
  {name: 'uname', x86_64: 63, arm64: 160, run: uname, args: 'utsname'},
  {name: 'sethostname', x86_64: 170, arm64: 161, run: sethostname, args: 'in int'},
  {name: 'getrlimit', x86_64: 97, arm64: 163, run: getrlimit, args: 'rlimitres rlimit_out'},
  {
    name: 'setrlimit',
    x86_64: 160,
    arm64: 164,
    run: setrlimit,
    args: 'rlimitres rlimit',
    support: {partial: 'not every limit is enforced: see src/sentry/resource-limits.ts'},
  },
  {
    name: 'prlimit64',
    x86_64: 302,
    arm64: 261,
    run: prlimit64,
    args: 'int rlimitres rlimit rlimit_out',
    support: {partial: 'of the calling process only; not every limit is enforced'},
  },
  {name: 'getrandom', x86_64: 318, arm64: 278, run: getrandom, args: 'out size hex'},
  {
    name: 'arch_prctl',
    x86_64: 158,
    run: archPrctl,
    args: 'hex ptr',
    support: {partial: 'FS and GS base; CPUID faulting is ENODEV'},
  },
  {name: 'set_tid_address', x86_64: 218, arm64: 96, run: setTidAddress, args: 'ptr'},
  {
    name: 'set_robust_list',
    x86_64: 273,
    arm64: 99,
    run: setRobustList,
    args: 'ptr size',
    support: {partial: 'kept, but not walked when the task ends'},
  },
  {name: 'get_robust_list', x86_64: 274, arm64: 100, run: getRobustList, args: 'int ptr ptr'},
  {
    name: 'rseq',
    x86_64: 334,
    arm64: 293,
    run: refuse(ENOSYS),
    args: 'ptr uint hex hex',
    support: {refused: 'ENOSYS: C libraries do without'},
  },
]
