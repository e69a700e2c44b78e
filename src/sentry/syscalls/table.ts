// table.ts: one row per system call: the single source of what is supported. A table, so it may be long.
// arm64 has no number where Linux dropped the legacy call. `args` are the trace's kinds, one word for each argument; `promises`
// is what pledge(2) requires, in the words of ../pledge/requirements.ts.

import {EINTR, ENOSYS, EOPNOTSUPP, EPERM} from '../../abi/errno.ts'
import {refuse} from '../call/refuse.ts'
import type {Row} from '../core/syscall.ts'
import {accept, accept4} from './accept.ts'
import {access, faccessat, faccessat2} from './access.ts'
import {adjtimex, clockAdjtime} from './adjtimex.ts'
import {archPrctl} from './arch-prctl.ts'
import {bind, listen} from './bind.ts'
import {brk} from './brk.ts'
import {cachestat} from './cachestat.ts'
import {capget, capset} from './capget.ts'
import {chdir, chroot, fchdir} from './chdir.ts'
import {chmod, fchmod, fchmodat, fchmodat2} from './chmod.ts'
import {chown, fchown, fchownat, lchown} from './chown.ts'
import {clockGetres, clockGettime, clockSettime} from './clock-gettime.ts'
import {clone, clone3, fork, vfork} from './clone.ts'
import {close} from './close.ts'
import {closeRange} from './close-range.ts'
import {connect} from './connect.ts'
import {copyFileRange} from './copy-file-range.ts'
import {dup, dup2, dup3} from './dup.ts'
import {epollCreate, epollCreate1} from './epoll-create.ts'
import {epollCtl} from './epoll-ctl.ts'
import {epollPwait, epollPwait2, epollWait} from './epoll-wait.ts'
import {eventfd, eventfd2} from './eventfd.ts'
import {execve, execveat} from './execve.ts'
import {exit, exitGroup} from './exit.ts'
import {fadvise64, readahead} from './fadvise.ts'
import {fallocate} from './fallocate.ts'
import {fcntl} from './fcntl.ts'
import {flock} from './flock.ts'
import {fsync, sync, syncFileRange, syncfs} from './fsync.ts'
import {futex} from './futex.ts'
import {futexWaitv} from './futex-waitv.ts'
import {getcwd} from './getcwd.ts'
import {getdents, getdents64} from './getdents.ts'
import {alarm, getitimer, setitimer} from './getitimer.ts'
import {getpid, getppid, gettid} from './getpid.ts'
import {getpriority, ioprioGet, ioprioSet, setpriority} from './getpriority.ts'
import {getrandom} from './getrandom.ts'
import {getrlimit, prlimit64, setrlimit} from './getrlimit.ts'
import {getpeername, getsockname, shutdown} from './getsockname.ts'
import {getsockopt, setsockopt} from './getsockopt.ts'
import {gettimeofday, settimeofday, time} from './gettimeofday.ts'
import {getegid, geteuid, getgid, getgroups, getresgid, getresuid, getuid, setgroups} from './getuid.ts'
import {inotifyAddWatch, inotifyInit, inotifyInit1, inotifyRmWatch} from './inotify.ts'
import {ioctl} from './ioctl.ts'
import {kill, rtSigqueueinfo, rtTgsigqueueinfo, tgkill, tkill} from './kill.ts'
import {link, linkat} from './link.ts'
import {lseek} from './lseek.ts'
import {madvise} from './madvise.ts'
import {membarrier} from './membarrier.ts'
import {memfdCreate} from './memfd-create.ts'
import {mincore} from './mincore.ts'
import {mkdir, mkdirat} from './mkdir.ts'
import {mknod, mknodat} from './mknod.ts'
import {mlock, mlock2, mlockall, munlock, munlockall} from './mlock.ts'
import {mmap} from './mmap.ts'
import {mprotect} from './mprotect.ts'
import {mqGetsetattr} from './mq-getsetattr.ts'
import {mqNotify} from './mq-notify.ts'
import {mqOpen, mqUnlink} from './mq-open.ts'
import {mqTimedreceive, mqTimedsend} from './mq-send.ts'
import {mremap} from './mremap.ts'
import {msgctl} from './msgctl.ts'
import {msgget} from './msgget.ts'
import {msgrcv, msgsnd} from './msgop.ts'
import {msync} from './msync.ts'
import {munmap} from './munmap.ts'
import {clockNanosleep, nanosleep} from './nanosleep.ts'
import {creat, open, openat} from './open.ts'
import {openat2} from './openat2.ts'
import {personality} from './personality.ts'
import {pidfdGetfd} from './pidfd-getfd.ts'
import {pidfdOpen} from './pidfd-open.ts'
import {pidfdSendSignal} from './pidfd-send-signal.ts'
import {pipe, pipe2} from './pipe.ts'
import {pledge} from './pledge.ts'
import {poll, ppoll} from './poll.ts'
import {prctl} from './prctl.ts'
import {ptrace} from './ptrace.ts'
import {pread64, read} from './read.ts'
import {readlink, readlinkat} from './readlink.ts'
import {preadv, preadv2, pwritev, pwritev2, readv, writev} from './readv.ts'
import {recvfrom, recvmmsg, recvmsg} from './recv.ts'
import {rename, renameat, renameat2} from './rename.ts'
import {getcpu, schedGetaffinity, schedGetPriorityMax, schedGetPriorityMin, schedGetparam, schedGetscheduler, schedRrGetInterval, schedSetaffinity, schedSetparam, schedSetscheduler, schedYield} from './sched.ts'
import {schedGetattr, schedSetattr} from './sched-attr.ts'
import {seccomp} from './seccomp.ts'
import {pselect6, select} from './select.ts'
import {semctl} from './semctl.ts'
import {semget} from './semget.ts'
import {semop, semtimedop} from './semop.ts'
import {sendmmsg, sendmsg, sendto} from './send.ts'
import {sendfile} from './sendfile.ts'
import {getRobustList, setRobustList, setTidAddress} from './set-tid-address.ts'
import {getpgid, getpgrp, getsid, setpgid, setsid} from './setpgid.ts'
import {setfsgid, setfsuid, setgid, setregid, setresgid, setresuid, setreuid, setuid} from './setuid.ts'
import {shmctl} from './shmctl.ts'
import {shmget} from './shmget.ts'
import {shmat, shmdt} from './shmop.ts'
import {rtSigaction} from './sigaction.ts'
import {sigaltstack} from './sigaltstack.ts'
import {signalfd, signalfd4} from './signalfd.ts'
import {pause, rtSigpending, rtSigprocmask, rtSigsuspend} from './sigprocmask.ts'
import {rtSigreturn} from './sigreturn.ts'
import {rtSigtimedwait} from './sigwaitinfo.ts'
import {socket, socketpair} from './socket.ts'
import {splice, tee} from './splice.ts'
import {fstat, lstat, newfstatat, stat} from './stat.ts'
import {fstatfs, statfs} from './statfs.ts'
import {statx} from './statx.ts'
import {symlink, symlinkat} from './symlink.ts'
import {sysinfo} from './sysinfo.ts'
import {timerCreate, timerDelete, timerGetoverrun, timerGettime, timerSettime} from './timer-create.ts'
import {timerfdCreate, timerfdGettime, timerfdSettime} from './timerfd-create.ts'
import {getrusage, times} from './times.ts'
import {ftruncate, truncate} from './truncate.ts'
import {umask} from './umask.ts'
import {sethostname, uname} from './uname.ts'
import {rmdir, unlink, unlinkat} from './unlink.ts'
import {unshare} from './unshare.ts'
import {unveil} from './unveil.ts'
import {futimesat, utime, utimensat, utimes} from './utimensat.ts'
import {vmsplice} from './vmsplice.ts'
import {wait4, waitid} from './wait4.ts'
import {pwrite64, write} from './write.ts'
import {fgetxattr, flistxattr, fremovexattr, fsetxattr, getxattr, lgetxattr, listxattr, llistxattr, lremovexattr, lsetxattr, removexattr, setxattr} from './xattr.ts'
import {xpledge} from './xpledge.ts'

export const table: readonly Row[] = [
  // Files and directories.
  {name: 'read', x86_64: 0, arm64: 63, run: read, args: 'fd out size', promises: 'stdio'},
  {name: 'write', x86_64: 1, arm64: 64, run: write, args: 'fd in size', promises: 'stdio'},
  {name: 'pread64', x86_64: 17, arm64: 67, run: pread64, args: 'fd out size long', promises: 'stdio'},
  {name: 'pwrite64', x86_64: 18, arm64: 68, run: pwrite64, args: 'fd in size long', promises: 'stdio'},
  {name: 'readv', x86_64: 19, arm64: 65, run: readv, args: 'fd iov_out int', promises: 'stdio'},
  {name: 'writev', x86_64: 20, arm64: 66, run: writev, args: 'fd iov_in int', promises: 'stdio'},
  {name: 'preadv', x86_64: 295, arm64: 69, run: preadv, args: 'fd iov_out int long offset_high', promises: 'stdio'},
  {name: 'pwritev', x86_64: 296, arm64: 70, run: pwritev, args: 'fd iov_in int long offset_high', promises: 'stdio'},
  {name: 'preadv2', x86_64: 327, arm64: 286, run: preadv2, args: 'fd iov_out int long offset_high rwflags', promises: 'stdio'},
  {name: 'pwritev2', x86_64: 328, arm64: 287, run: pwritev2, args: 'fd iov_in int long offset_high rwflags', promises: 'stdio'},
  {name: 'open', x86_64: 2, run: open, args: 'path openflags mode', result: 'fd', promises: 'rpath|wpath|cpath'},
  {name: 'openat', x86_64: 257, arm64: 56, run: openat, args: 'dirfd path openflags mode', result: 'fd', promises: 'rpath|wpath|cpath'},
  {name: 'openat2', x86_64: 437, arm64: 437, run: openat2, args: 'dirfd path open_how size', result: 'fd', promises: 'rpath|wpath|cpath'},
  {name: 'creat', x86_64: 85, run: creat, args: 'path mode', result: 'fd', promises: 'wpath cpath'},
  {name: 'close', x86_64: 3, arm64: 57, run: close, args: 'fd', promises: 'stdio'},
  {name: 'close_range', x86_64: 436, arm64: 436, run: closeRange, args: 'uint uint closerangeflags', promises: 'stdio'},
  {name: 'stat', x86_64: 4, run: stat, args: 'path stat', promises: 'rpath'},
  {name: 'fstat', x86_64: 5, arm64: 80, run: fstat, args: 'fd stat', promises: 'stdio'},
  {name: 'lstat', x86_64: 6, run: lstat, args: 'path stat', promises: 'rpath'},
  {name: 'newfstatat', x86_64: 262, arm64: 79, run: newfstatat, args: 'dirfd path stat atflags', promises: 'rpath'},
  {name: 'statx', x86_64: 332, arm64: 291, run: statx, args: 'dirfd path statxflags statxmask statx', promises: 'rpath'},
  {name: 'access', x86_64: 21, run: access, args: 'path amode', promises: 'rpath'},
  {name: 'faccessat', x86_64: 269, arm64: 48, run: faccessat, args: 'dirfd path amode', promises: 'rpath'},
  {name: 'faccessat2', x86_64: 439, arm64: 439, run: faccessat2, args: 'dirfd path amode atflags', promises: 'rpath'},
  {name: 'getdents', x86_64: 78, run: getdents, args: 'fd dirents size', promises: 'rpath'},
  {name: 'getdents64', x86_64: 217, arm64: 61, run: getdents64, args: 'fd dirents size', promises: 'rpath'},
  {name: 'lseek', x86_64: 8, arm64: 62, run: lseek, args: 'fd long whence', promises: 'stdio'},
  {name: 'dup', x86_64: 32, arm64: 23, run: dup, args: 'fd', result: 'fd', promises: 'stdio'},
  {name: 'dup2', x86_64: 33, run: dup2, args: 'fd fd', result: 'fd', promises: 'stdio'},
  {name: 'dup3', x86_64: 292, arm64: 24, run: dup3, args: 'fd fd fdflags', result: 'fd', promises: 'stdio'},
  {name: 'ioctl', x86_64: 16, arm64: 29, run: ioctl, args: 'fd ioctl ioctlarg', promises: 'ioctl'},
  {name: 'link', x86_64: 86, run: link, args: 'path path', promises: 'rpath cpath'},
  {name: 'linkat', x86_64: 265, arm64: 37, run: linkat, args: 'dirfd path dirfd path atflags', promises: 'rpath cpath'},
  {name: 'symlink', x86_64: 88, run: symlink, args: 'path path', promises: 'cpath'},
  {name: 'symlinkat', x86_64: 266, arm64: 36, run: symlinkat, args: 'path dirfd path', promises: 'cpath'},
  {name: 'readlink', x86_64: 89, run: readlink, args: 'path out size', promises: 'rpath'},
  {name: 'readlinkat', x86_64: 267, arm64: 78, run: readlinkat, args: 'dirfd path out size', promises: 'rpath'},
  {name: 'unlink', x86_64: 87, run: unlink, args: 'path', promises: 'cpath'},
  {name: 'unlinkat', x86_64: 263, arm64: 35, run: unlinkat, args: 'dirfd path atflags', promises: 'cpath'},
  {name: 'rmdir', x86_64: 84, run: rmdir, args: 'path', promises: 'cpath'},
  {name: 'rename', x86_64: 82, run: rename, args: 'path path', promises: 'rpath cpath'},
  {name: 'renameat', x86_64: 264, arm64: 38, run: renameat, args: 'dirfd path dirfd path', promises: 'rpath cpath'},
  {name: 'renameat2', x86_64: 316, arm64: 276, run: renameat2, args: 'dirfd path dirfd path renameflags', promises: 'rpath cpath'},
  {name: 'mkdir', x86_64: 83, run: mkdir, args: 'path mode', promises: 'cpath'},
  {name: 'mkdirat', x86_64: 258, arm64: 34, run: mkdirat, args: 'dirfd path mode', promises: 'cpath'},
  {name: 'mknod', x86_64: 133, run: mknod, args: 'path mode dev', promises: 'node'},
  {name: 'mknodat', x86_64: 259, arm64: 33, run: mknodat, args: 'dirfd path mode dev', promises: 'node'},
  {name: 'chmod', x86_64: 90, run: chmod, args: 'path mode', promises: 'fattr rpath'},
  {name: 'fchmod', x86_64: 91, arm64: 52, run: fchmod, args: 'fd mode', promises: 'fattr'},
  {name: 'fchmodat', x86_64: 268, arm64: 53, run: fchmodat, args: 'dirfd path mode', promises: 'fattr rpath'},
  {name: 'fchmodat2', x86_64: 452, arm64: 452, run: fchmodat2, args: 'dirfd path mode atflags', promises: 'fattr rpath'},
  {name: 'chown', x86_64: 92, run: chown, args: 'path int int', promises: 'owner'},
  {name: 'fchown', x86_64: 93, arm64: 55, run: fchown, args: 'fd int int', promises: 'owner'},
  {name: 'lchown', x86_64: 94, run: lchown, args: 'path int int', promises: 'owner'},
  {name: 'fchownat', x86_64: 260, arm64: 54, run: fchownat, args: 'dirfd path int int atflags', promises: 'owner'},
  {name: 'utime', x86_64: 132, run: utime, args: 'path utimbuf', promises: 'fattr rpath'},
  {name: 'utimes', x86_64: 235, run: utimes, args: 'path timevals', promises: 'fattr rpath'},
  {name: 'futimesat', x86_64: 261, run: futimesat, args: 'dirfd path timevals', promises: 'fattr rpath'},
  {name: 'utimensat', x86_64: 280, arm64: 88, run: utimensat, args: 'dirfd path timespecs atflags', promises: 'fattr rpath'},
  {name: 'truncate', x86_64: 76, arm64: 45, run: truncate, args: 'path size', promises: 'wpath'},
  {name: 'ftruncate', x86_64: 77, arm64: 46, run: ftruncate, args: 'fd size', promises: 'stdio'},
  {name: 'fallocate', x86_64: 285, arm64: 47, run: fallocate, args: 'fd fallocmode long long', promises: 'stdio'},
  {name: 'fsync', x86_64: 74, arm64: 82, run: fsync, args: 'fd', promises: 'stdio'},
  {name: 'fdatasync', x86_64: 75, arm64: 83, run: fsync, args: 'fd', promises: 'stdio'},
  {name: 'sync', x86_64: 162, arm64: 81, run: sync, args: '', promises: 'stdio'},
  {name: 'syncfs', x86_64: 306, arm64: 267, run: syncfs, args: 'fd', promises: 'stdio'},
  {name: 'sync_file_range', x86_64: 277, arm64: 84, run: syncFileRange, args: 'fd long long hex', promises: 'stdio'},
  {name: 'fadvise64', x86_64: 221, arm64: 223, run: fadvise64, args: 'fd long long fadvice', promises: 'stdio'},
  {name: 'readahead', x86_64: 187, arm64: 213, run: readahead, args: 'fd long size', promises: 'stdio'},
  {name: 'chdir', x86_64: 80, arm64: 49, run: chdir, args: 'path', promises: 'rpath'},
  {name: 'fchdir', x86_64: 81, arm64: 50, run: fchdir, args: 'fd', promises: 'stdio'},
  {name: 'chroot', x86_64: 161, arm64: 51, run: chroot, args: 'path', promises: 'id rpath'},
  {name: 'getcwd', x86_64: 79, arm64: 17, run: getcwd, args: 'path_out size', promises: 'rpath|wpath'},
  {name: 'umask', x86_64: 95, arm64: 166, run: umask, args: 'octal', promises: 'stdio', result: 'octal'},
  {name: 'statfs', x86_64: 137, arm64: 43, run: statfs, args: 'path statfs', promises: 'rpath'},
  {name: 'fstatfs', x86_64: 138, arm64: 44, run: fstatfs, args: 'fd statfs', promises: 'rpath'},
  {name: 'fcntl', x86_64: 72, arm64: 25, run: fcntl, args: 'fd fcntl fcntlarg', promises: 'fcntl', result: 'fcntl', support: {partial: 'O_ASYNC for pipes, sockets and terminals alone; no F_NOTIFY'}},
  {name: 'flock', x86_64: 73, arm64: 32, run: flock, args: 'fd lockop', promises: 'flock'},
  {name: 'pipe', x86_64: 22, run: pipe, args: 'fdpair_out', promises: 'stdio'},
  {name: 'pipe2', x86_64: 293, arm64: 59, run: pipe2, args: 'fdpair_out fdflags', promises: 'stdio', support: {partial: 'no packet mode: O_DIRECT is EINVAL'}},
  {name: 'poll', x86_64: 7, run: poll, args: 'pollfds int int', promises: 'stdio'},
  {name: 'ppoll', x86_64: 271, arm64: 73, run: ppoll, args: 'pollfds int timespec_left sigset size', promises: 'stdio'},
  {name: 'select', x86_64: 23, run: select, args: 'int fdset_in fdset_out fdset_except timeval_left', promises: 'stdio'},
  {name: 'pselect6', x86_64: 270, arm64: 72, run: pselect6, args: 'int fdset_in fdset_out fdset_except timespec_left sigset_pair', promises: 'stdio'},
  {name: 'epoll_create', x86_64: 213, run: epollCreate, args: 'int', result: 'fd', promises: 'stdio'},
  {name: 'epoll_create1', x86_64: 291, arm64: 20, run: epollCreate1, args: 'epollflags', result: 'fd', promises: 'stdio'},
  {name: 'epoll_ctl', x86_64: 233, arm64: 21, run: epollCtl, args: 'fd epollop fd epoll_event', promises: 'stdio'},
  {name: 'epoll_wait', x86_64: 232, run: epollWait, args: 'fd epoll_events_out int int', promises: 'stdio'},
  {name: 'epoll_pwait', x86_64: 281, arm64: 22, run: epollPwait, args: 'fd epoll_events_out int int sigset size', promises: 'stdio'},
  {name: 'epoll_pwait2', x86_64: 441, arm64: 441, run: epollPwait2, args: 'fd epoll_events_out int timespec sigset size', promises: 'stdio'},
  {name: 'eventfd', x86_64: 284, run: eventfd, args: 'int', result: 'fd', promises: 'stdio'},
  {name: 'eventfd2', x86_64: 290, arm64: 19, run: eventfd2, args: 'int eventfdflags', result: 'fd', promises: 'stdio'},
  {name: 'memfd_create', x86_64: 319, arm64: 279, run: memfdCreate, args: 'str memfdflags', result: 'fd', promises: 'stdio', support: {partial: 'no huge pages'}},
  {name: 'sendfile', x86_64: 40, arm64: 71, run: sendfile, args: 'fd fd offset_inout size', promises: 'stdio'},
  {name: 'copy_file_range', x86_64: 326, arm64: 285, run: copyFileRange, args: 'fd offset_in fd offset_in size uint', promises: 'stdio'},
  {name: 'splice', x86_64: 275, arm64: 76, run: splice, args: 'fd offset_in fd offset_in size hex', promises: 'stdio', support: {partial: 'bytes are copied'}},
  {name: 'tee', x86_64: 276, arm64: 77, run: tee, args: 'fd fd size hex', promises: 'stdio', support: {partial: 'bytes are copied'}},
  {name: 'vmsplice', x86_64: 278, arm64: 75, run: vmsplice, args: 'fd iov_in int hex', promises: 'stdio', support: {partial: 'bytes are copied'}},
  {name: 'setxattr', x86_64: 188, arm64: 5, run: setxattr, args: 'path str in size hex', promises: 'fattr rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'lsetxattr', x86_64: 189, arm64: 6, run: lsetxattr, args: 'path str in size hex', promises: 'fattr rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'fsetxattr', x86_64: 190, arm64: 7, run: fsetxattr, args: 'fd str in size hex', promises: 'fattr', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'getxattr', x86_64: 191, arm64: 8, run: getxattr, args: 'path str out size', promises: 'rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'lgetxattr', x86_64: 192, arm64: 9, run: lgetxattr, args: 'path str out size', promises: 'rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'fgetxattr', x86_64: 193, arm64: 10, run: fgetxattr, args: 'fd str out size', promises: 'stdio', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'listxattr', x86_64: 194, arm64: 11, run: listxattr, args: 'path out size', promises: 'rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'llistxattr', x86_64: 195, arm64: 12, run: llistxattr, args: 'path out size', promises: 'rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'flistxattr', x86_64: 196, arm64: 13, run: flistxattr, args: 'fd out size', promises: 'stdio', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'removexattr', x86_64: 197, arm64: 14, run: removexattr, args: 'path str', promises: 'fattr rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'lremovexattr', x86_64: 198, arm64: 15, run: lremovexattr, args: 'path str', promises: 'fattr rpath', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'fremovexattr', x86_64: 199, arm64: 16, run: fremovexattr, args: 'fd str', promises: 'fattr', support: {partial: 'in memory, but not on volumes; no ACLs'}},
  {name: 'mount', x86_64: 165, arm64: 40, run: refuse(EPERM), args: 'path path str hex ptr', promises: 'refused', support: {refused: 'EPERM: the host decides what is mounted'}},
  {name: 'umount2', x86_64: 166, arm64: 39, run: refuse(EPERM), args: 'path hex', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'pivot_root', x86_64: 155, arm64: 41, run: refuse(EPERM), args: 'path path', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'open_tree', x86_64: 428, arm64: 428, run: refuse(EPERM), args: 'dirfd path hex', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'move_mount', x86_64: 429, arm64: 429, run: refuse(EPERM), args: 'dirfd path dirfd path hex', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'fsopen', x86_64: 430, arm64: 430, run: refuse(EPERM), args: 'str hex', result: 'fd', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'fsconfig', x86_64: 431, arm64: 431, run: refuse(EPERM), args: 'fd int str ptr int', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'fsmount', x86_64: 432, arm64: 432, run: refuse(EPERM), args: 'fd hex hex', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'fspick', x86_64: 433, arm64: 433, run: refuse(EPERM), args: 'dirfd path hex', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'mount_setattr', x86_64: 442, arm64: 442, run: refuse(EPERM), args: 'dirfd path atflags ptr size', promises: 'refused', support: {refused: 'EPERM, as mount'}},
  {name: 'swapon', x86_64: 167, arm64: 224, run: refuse(EPERM), args: 'path hex', promises: 'refused', support: {refused: 'EPERM: there is no swap'}},
  {name: 'swapoff', x86_64: 168, arm64: 225, run: refuse(EPERM), args: 'path', promises: 'refused', support: {refused: 'EPERM: there is no swap'}},
  {name: 'quotactl', x86_64: 179, arm64: 60, run: refuse(ENOSYS), args: 'hex path int ptr', promises: 'refused', support: {refused: 'ENOSYS: a kernel without quotas'}},
  {name: 'quotactl_fd', x86_64: 443, arm64: 443, run: refuse(ENOSYS), args: 'fd hex int ptr', promises: 'refused', support: {refused: 'ENOSYS: a kernel without quotas'}},
  {name: 'name_to_handle_at', x86_64: 303, arm64: 264, run: refuse(EOPNOTSUPP), args: 'dirfd path ptr ptr atflags', promises: 'refused', support: {refused: 'EOPNOTSUPP: no file system has handles'}},
  {name: 'open_by_handle_at', x86_64: 304, arm64: 265, run: refuse(EPERM), args: 'fd ptr openflags', promises: 'refused', support: {refused: 'EPERM: no file system has handles'}},
  {name: 'inotify_init', x86_64: 253, run: inotifyInit, args: '', result: 'fd', promises: 'stdio'},
  {name: 'inotify_init1', x86_64: 294, arm64: 26, run: inotifyInit1, args: 'openflags', result: 'fd', promises: 'stdio'},
  {name: 'inotify_add_watch', x86_64: 254, arm64: 27, run: inotifyAddWatch, args: 'fd path hex', promises: 'rpath', support: {partial: 'in a volume, what the host changes and what happens by other hard links is not seen; nothing is ever unmounted'}},
  {name: 'inotify_rm_watch', x86_64: 255, arm64: 28, run: inotifyRmWatch, args: 'fd int', promises: 'stdio'},
  {name: 'fanotify_init', x86_64: 300, arm64: 262, run: refuse(ENOSYS), args: 'hex openflags', result: 'fd', promises: 'refused', support: {refused: 'ENOSYS: a kernel without fanotify'}},
  {name: 'fanotify_mark', x86_64: 301, arm64: 263, run: refuse(ENOSYS), args: 'fd hex long dirfd path', promises: 'refused', support: {refused: 'ENOSYS, as fanotify_init'}},
  {name: 'ustat', x86_64: 136, run: refuse(ENOSYS), args: 'int ptr', promises: 'refused', support: {refused: 'ENOSYS: obsolete; statfs tells more'}},
  {name: 'io_setup', x86_64: 206, arm64: 0, run: refuse(ENOSYS), args: 'int ptr', promises: 'refused', support: {refused: 'ENOSYS: a kernel without AIO'}},
  {name: 'io_destroy', x86_64: 207, arm64: 1, run: refuse(ENOSYS), args: 'ptr', promises: 'refused', support: {refused: 'ENOSYS, as io_setup'}},
  {name: 'io_getevents', x86_64: 208, arm64: 4, run: refuse(ENOSYS), args: 'ptr long long ptr timespec', promises: 'refused', support: {refused: 'ENOSYS, as io_setup'}},
  {name: 'io_submit', x86_64: 209, arm64: 2, run: refuse(ENOSYS), args: 'ptr long ptr', promises: 'refused', support: {refused: 'ENOSYS, as io_setup'}},
  {name: 'io_cancel', x86_64: 210, arm64: 3, run: refuse(ENOSYS), args: 'ptr ptr ptr', promises: 'refused', support: {refused: 'ENOSYS, as io_setup'}},
  {name: 'io_pgetevents', x86_64: 333, arm64: 292, run: refuse(ENOSYS), args: 'ptr long long ptr timespec ptr', promises: 'refused', support: {refused: 'ENOSYS, as io_setup'}},
  {name: 'io_uring_setup', x86_64: 425, arm64: 425, run: refuse(ENOSYS), args: 'int ptr', result: 'fd', promises: 'refused', support: {refused: 'ENOSYS: a kernel without io_uring'}},
  {name: 'io_uring_enter', x86_64: 426, arm64: 426, run: refuse(ENOSYS), args: 'fd int int hex sigset size', promises: 'refused', support: {refused: 'ENOSYS, as io_uring_setup'}},
  {name: 'io_uring_register', x86_64: 427, arm64: 427, run: refuse(ENOSYS), args: 'fd int ptr int', promises: 'refused', support: {refused: 'ENOSYS, as io_uring_setup'}},

  // Memory.
  {name: 'brk', x86_64: 12, arm64: 214, run: brk, args: 'ptr', promises: 'stdio', result: 'ptr'},
  {name: 'mmap', x86_64: 9, arm64: 222, run: mmap, args: 'ptr size prot mapflags fd hex', promises: 'mapping', result: 'ptr'},
  {name: 'munmap', x86_64: 11, arm64: 215, run: munmap, args: 'ptr size', promises: 'stdio'},
  {name: 'mprotect', x86_64: 10, arm64: 226, run: mprotect, args: 'ptr size prot', promises: 'protection'},
  {name: 'mremap', x86_64: 25, arm64: 216, run: mremap, args: 'ptr size size remapflags remapptr', promises: 'stdio', result: 'ptr'},
  {name: 'madvise', x86_64: 28, arm64: 233, run: madvise, args: 'ptr size advice', promises: 'stdio'},
  {name: 'cachestat', x86_64: 451, arm64: 451, run: cachestat, args: 'fd ptr ptr hex', promises: 'stdio', support: {partial: 'all of a file counts as cached, and as clean'}},
  {name: 'msync', x86_64: 26, arm64: 227, run: msync, args: 'ptr size msyncflags', promises: 'stdio'},
  {name: 'mincore', x86_64: 27, arm64: 232, run: mincore, args: 'ptr size pages_out', promises: 'stdio'},
  {name: 'mlock', x86_64: 149, arm64: 228, run: mlock, args: 'ptr size', promises: 'stdio'},
  {name: 'mlock2', x86_64: 325, arm64: 284, run: mlock2, args: 'ptr size mlockflags', promises: 'stdio'},
  {name: 'munlock', x86_64: 150, arm64: 229, run: munlock, args: 'ptr size', promises: 'stdio'},
  {name: 'mlockall', x86_64: 151, arm64: 230, run: mlockall, args: 'mlockallflags', promises: 'stdio'},
  {name: 'munlockall', x86_64: 152, arm64: 231, run: munlockall, args: '', promises: 'stdio'},
  // Signals.
  {name: 'rt_sigaction', x86_64: 13, arm64: 134, run: rtSigaction, args: 'sig sigaction sigaction_out size', promises: 'stdio'},
  {name: 'rt_sigprocmask', x86_64: 14, arm64: 135, run: rtSigprocmask, args: 'sighow sigset sigset_out size', promises: 'stdio'},
  {name: 'rt_sigreturn', x86_64: 15, arm64: 139, run: rtSigreturn, args: 'sigreturn', promises: 'stdio'},
  {name: 'rt_sigpending', x86_64: 127, arm64: 136, run: rtSigpending, args: 'sigset_out size', promises: 'stdio'},
  {name: 'rt_sigtimedwait', x86_64: 128, arm64: 137, run: rtSigtimedwait, args: 'sigset siginfo_out timespec size', promises: 'stdio', result: 'sig'},
  {name: 'rt_sigqueueinfo', x86_64: 129, arm64: 138, run: rtSigqueueinfo, args: 'int sig siginfo', promises: 'signal'},
  {name: 'rt_tgsigqueueinfo', x86_64: 297, arm64: 240, run: rtTgsigqueueinfo, args: 'int int sig siginfo', promises: 'thread_signal'},
  {name: 'rt_sigsuspend', x86_64: 130, arm64: 133, run: rtSigsuspend, args: 'sigset size', promises: 'stdio'},
  {name: 'sigaltstack', x86_64: 131, arm64: 132, run: sigaltstack, args: 'stack stack_out', promises: 'stdio'},
  {name: 'kill', x86_64: 62, arm64: 129, run: kill, args: 'int sig', promises: 'signal'},
  {name: 'tkill', x86_64: 200, arm64: 130, run: tkill, args: 'int sig', promises: 'thread_signal'},
  {name: 'tgkill', x86_64: 234, arm64: 131, run: tgkill, args: 'int int sig', promises: 'thread_signal'},
  {name: 'pause', x86_64: 34, run: pause, args: '', promises: 'stdio'},
  {name: 'alarm', x86_64: 37, run: alarm, args: 'uint', promises: 'stdio'},
  {name: 'getitimer', x86_64: 36, arm64: 102, run: getitimer, args: 'itimer itimerval_out', promises: 'stdio'},
  {name: 'setitimer', x86_64: 38, arm64: 103, run: setitimer, args: 'itimer itimerval itimerval_out', promises: 'stdio', support: {partial: 'ITIMER_VIRTUAL and ITIMER_PROF both count the time that the guest ran, to 4 ms'}},
  {name: 'timer_create', x86_64: 222, arm64: 107, run: timerCreate, args: 'clockid sigevent int_out', promises: 'stdio', support: {partial: "a step of the host's clock does not move absolute CLOCK_REALTIME timers"}},
  {name: 'timer_settime', x86_64: 223, arm64: 110, run: timerSettime, args: 'int timerflags itimerspec itimerspec_out', promises: 'stdio'},
  {name: 'timer_gettime', x86_64: 224, arm64: 108, run: timerGettime, args: 'int itimerspec_out', promises: 'stdio'},
  {name: 'timer_getoverrun', x86_64: 225, arm64: 109, run: timerGetoverrun, args: 'int', promises: 'stdio'},
  {name: 'timer_delete', x86_64: 226, arm64: 111, run: timerDelete, args: 'int', promises: 'stdio'},
  {name: 'gettimeofday', x86_64: 96, arm64: 169, run: gettimeofday, args: 'timeval_out ptr', promises: 'stdio'},
  {name: 'settimeofday', x86_64: 164, arm64: 170, run: settimeofday, args: 'timeval ptr', promises: 'settime', support: {refused: "EPERM: the clock is the host's"}},
  {name: 'time', x86_64: 201, run: time, args: 'time_out', promises: 'stdio'},
  {name: 'nanosleep', x86_64: 35, arm64: 101, run: nanosleep, args: 'timespec timespec_rest', promises: 'stdio'},
  {name: 'clock_nanosleep', x86_64: 230, arm64: 115, run: clockNanosleep, args: 'clockid timerflags timespec timespec_rest', promises: 'stdio'},
  {name: 'times', x86_64: 100, arm64: 153, run: times, args: 'tms', promises: 'stdio', support: {partial: 'all CPU time is user time'}},
  {name: 'getrusage', x86_64: 98, arm64: 165, run: getrusage, args: 'rusagewho rusage', promises: 'stdio', support: {partial: 'system time is sampled; switches are not counted; a thread has the faults of its process'}},
  {name: 'adjtimex', x86_64: 159, arm64: 171, run: adjtimex, args: 'ptr', promises: 'stdio', support: {partial: 'a query says "unsynchronised"; changes are EPERM'}},
  {name: 'clock_adjtime', x86_64: 305, arm64: 266, run: clockAdjtime, args: 'clockid ptr', promises: 'stdio', support: {partial: 'as adjtimex'}},
  {name: 'timerfd_create', x86_64: 283, arm64: 85, run: timerfdCreate, args: 'clockid timerfdflags', result: 'fd', promises: 'stdio'},
  {name: 'timerfd_settime', x86_64: 286, arm64: 86, run: timerfdSettime, args: 'fd timerfdtimeflags itimerspec itimerspec_out', promises: 'stdio', support: {partial: 'TFD_TIMER_CANCEL_ON_SET never cancels: the clock is not set'}},
  {name: 'timerfd_gettime', x86_64: 287, arm64: 87, run: timerfdGettime, args: 'fd itimerspec_out', promises: 'stdio'},
  {name: 'signalfd', x86_64: 282, run: signalfd, args: 'int sigset size', result: 'fd', promises: 'stdio'},
  {name: 'signalfd4', x86_64: 289, arm64: 74, run: signalfd4, args: 'int sigset size signalfdflags', result: 'fd', promises: 'stdio'},
  {name: 'restart_syscall', x86_64: 219, arm64: 128, run: refuse(EINTR), args: '', promises: 'always', support: {refused: 'EINTR: calls are restarted by the sentry, never by this one'}},

  // Processes, identity, system.
  {name: 'clock_gettime', x86_64: 228, arm64: 113, run: clockGettime, args: 'clockid timespec_out', promises: 'stdio'},
  {name: 'clock_getres', x86_64: 229, arm64: 114, run: clockGetres, args: 'clockid timespec_out', promises: 'stdio'},
  {name: 'clock_settime', x86_64: 227, arm64: 112, run: clockSettime, args: 'clockid timespec', promises: 'settime', support: {refused: "EPERM: the clock is the host's"}},
  {name: 'exit', x86_64: 60, arm64: 93, run: exit, args: 'int', promises: 'always'},
  {name: 'exit_group', x86_64: 231, arm64: 94, run: exitGroup, args: 'int', promises: 'always'},
  {name: 'getpid', x86_64: 39, arm64: 172, run: getpid, args: '', promises: 'stdio'},
  {name: 'getppid', x86_64: 110, arm64: 173, run: getppid, args: '', promises: 'stdio'},
  {name: 'gettid', x86_64: 186, arm64: 178, run: gettid, args: '', promises: 'stdio'},
  {name: 'getuid', x86_64: 102, arm64: 174, run: getuid, args: '', promises: 'stdio'},
  {name: 'geteuid', x86_64: 107, arm64: 175, run: geteuid, args: '', promises: 'stdio'},
  {name: 'getgid', x86_64: 104, arm64: 176, run: getgid, args: '', promises: 'stdio'},
  {name: 'getegid', x86_64: 108, arm64: 177, run: getegid, args: '', promises: 'stdio'},
  {name: 'getresuid', x86_64: 118, arm64: 148, run: getresuid, args: 'int_out int_out int_out', promises: 'stdio'},
  {name: 'getresgid', x86_64: 120, arm64: 150, run: getresgid, args: 'int_out int_out int_out', promises: 'stdio'},
  {name: 'getgroups', x86_64: 115, arm64: 158, run: getgroups, args: 'int gids_out', promises: 'stdio'},
  {name: 'setgroups', x86_64: 116, arm64: 159, run: setgroups, args: 'int gids_in', promises: 'id'},
  {name: 'uname', x86_64: 63, arm64: 160, run: uname, args: 'utsname', promises: 'stdio'},
  {name: 'sethostname', x86_64: 170, arm64: 161, run: sethostname, args: 'in int', promises: 'id'},
  {name: 'getrlimit', x86_64: 97, arm64: 163, run: getrlimit, args: 'rlimitres rlimit_out', promises: 'stdio'},
  {name: 'setrlimit', x86_64: 160, arm64: 164, run: setrlimit, args: 'rlimitres rlimit', promises: 'proc|id', support: {partial: 'only CPU, FSIZE, DATA, STACK, NPROC, NOFILE, MEMLOCK, AS, SIGPENDING, MSGQUEUE and NICE are enforced'}},
  {name: 'prlimit64', x86_64: 302, arm64: 261, run: prlimit64, args: 'int rlimitres rlimit rlimit_out', promises: 'limits', support: {partial: 'as setrlimit'}},
  {name: 'getrandom', x86_64: 318, arm64: 278, run: getrandom, args: 'random_out size randomflags', promises: 'stdio'},
  {name: 'arch_prctl', x86_64: 158, run: archPrctl, args: 'archprctl archprctlarg', promises: 'stdio', support: {partial: 'CPUID faulting is ENODEV, AMX EOPNOTSUPP'}},
  {name: 'set_tid_address', x86_64: 218, arm64: 96, run: setTidAddress, args: 'ptr', promises: 'stdio'},
  {name: 'set_robust_list', x86_64: 273, arm64: 99, run: setRobustList, args: 'ptr size', promises: 'stdio'},
  {name: 'get_robust_list', x86_64: 274, arm64: 100, run: getRobustList, args: 'int ptr_out size_out', promises: 'stdio'},
  {name: 'rseq', x86_64: 334, arm64: 293, run: refuse(ENOSYS), args: 'ptr hex hex hex', promises: 'stdio', support: {refused: 'ENOSYS: C libraries do without'}},
  {name: 'setuid', x86_64: 105, arm64: 146, run: setuid, args: 'int', promises: 'id'},
  {name: 'setgid', x86_64: 106, arm64: 144, run: setgid, args: 'int', promises: 'id'},
  {name: 'setreuid', x86_64: 113, arm64: 145, run: setreuid, args: 'int int', promises: 'id'},
  {name: 'setregid', x86_64: 114, arm64: 143, run: setregid, args: 'int int', promises: 'id'},
  {name: 'setresuid', x86_64: 117, arm64: 147, run: setresuid, args: 'int int int', promises: 'id'},
  {name: 'setresgid', x86_64: 119, arm64: 149, run: setresgid, args: 'int int int', promises: 'id'},
  {name: 'setfsuid', x86_64: 122, arm64: 151, run: setfsuid, args: 'int', promises: 'id'},
  {name: 'setfsgid', x86_64: 123, arm64: 152, run: setfsgid, args: 'int', promises: 'id'},
  {name: 'getpgrp', x86_64: 111, run: getpgrp, args: '', promises: 'stdio'},
  {name: 'getpgid', x86_64: 121, arm64: 155, run: getpgid, args: 'int', promises: 'stdio'},
  {name: 'setpgid', x86_64: 109, arm64: 154, run: setpgid, args: 'int int', promises: 'proc'},
  {name: 'setsid', x86_64: 112, arm64: 157, run: setsid, args: '', promises: 'proc'},
  {name: 'getsid', x86_64: 124, arm64: 156, run: getsid, args: 'int', promises: 'stdio'},
  {name: 'capget', x86_64: 125, arm64: 90, run: capget, args: 'capheader capdata_out', promises: 'stdio'},
  {name: 'capset', x86_64: 126, arm64: 91, run: capset, args: 'capheader capdata', promises: 'id'},
  {name: 'prctl', x86_64: 157, arm64: 167, run: prctl, args: 'prctl prctlarg prctlarg prctlarg prctlarg', promises: 'prctl', support: {partial: 'names, dumpable, capabilities and securebits, parent death signal, subreaper, no_new_privs, THP, timer slack; others are EINVAL'}},
  {name: 'sysinfo', x86_64: 99, arm64: 179, run: sysinfo, args: 'sysinfo', promises: 'stdio', support: {partial: 'no swap'}},
  {name: 'sched_yield', x86_64: 24, arm64: 124, run: schedYield, args: '', promises: 'stdio'},
  {name: 'sched_getaffinity', x86_64: 204, arm64: 123, run: schedGetaffinity, args: 'int size cpuset_out', promises: 'stdio'},
  {name: 'sched_setaffinity', x86_64: 203, arm64: 122, run: schedSetaffinity, args: 'int size cpuset_in', promises: 'proc'},
  {name: 'sched_getscheduler', x86_64: 145, arm64: 120, run: schedGetscheduler, args: 'int', result: 'scheduler', promises: 'stdio'},
  {name: 'sched_setscheduler', x86_64: 144, arm64: 119, run: schedSetscheduler, args: 'int scheduler int_in', promises: 'proc', support: {partial: 'real-time policies are EPERM'}},
  {name: 'sched_getparam', x86_64: 143, arm64: 121, run: schedGetparam, args: 'int int_out', promises: 'stdio'},
  {name: 'sched_setparam', x86_64: 142, arm64: 118, run: schedSetparam, args: 'int int_in', promises: 'proc'},
  {name: 'sched_getattr', x86_64: 315, arm64: 275, run: schedGetattr, args: 'int ptr size hex', promises: 'stdio'},
  {name: 'sched_setattr', x86_64: 314, arm64: 274, run: schedSetattr, args: 'int ptr hex', promises: 'proc', support: {partial: 'real-time policies are EPERM'}},
  {name: 'sched_get_priority_max', x86_64: 146, arm64: 125, run: schedGetPriorityMax, args: 'scheduler', promises: 'stdio'},
  {name: 'sched_get_priority_min', x86_64: 147, arm64: 126, run: schedGetPriorityMin, args: 'scheduler', promises: 'stdio'},
  {name: 'sched_rr_get_interval', x86_64: 148, arm64: 127, run: schedRrGetInterval, args: 'int timespec_out', promises: 'stdio'},
  {name: 'getcpu', x86_64: 309, arm64: 168, run: getcpu, args: 'int_out int_out ptr', promises: 'stdio'},
  {name: 'getpriority', x86_64: 140, arm64: 141, run: getpriority, args: 'priowhich int', promises: 'proc|id'},
  {name: 'setpriority', x86_64: 141, arm64: 140, run: setpriority, args: 'priowhich int int', promises: 'proc|id'},
  {name: 'ioprio_get', x86_64: 252, arm64: 31, run: ioprioGet, args: 'int int', promises: 'stdio'},
  {name: 'ioprio_set', x86_64: 251, arm64: 30, run: ioprioSet, args: 'int int hex', promises: 'proc', support: {partial: 'kept, not applied'}},
  {name: 'personality', x86_64: 135, arm64: 92, run: personality, args: 'personality', result: 'personality', promises: 'stdio', support: {partial: 'only ADDR_NO_RANDOMIZE, STICKY_TIMEOUTS and PER_LINUX32 have an effect'}},
  {name: 'seccomp', x86_64: 317, arm64: 277, run: seccomp, args: 'seccomp seccompflags seccomparg', promises: 'stdio', support: {partial: 'no listener, no PTRACE_EVENT_SECCOMP'}},
  {name: 'membarrier', x86_64: 324, arm64: 283, run: membarrier, args: 'membarrier membarrierflags membarriercpu', result: 'membarrier', promises: 'stdio', support: {partial: 'no commands of rseq'}},
  {name: 'futex_waitv', x86_64: 449, arm64: 449, run: futexWaitv, args: 'ptr uint hex timespec clockid', promises: 'always'},
  {name: 'futex', x86_64: 202, arm64: 98, run: futex, args: 'ptr futexop uint futextimeout futexaddress2 futexvalue3', promises: 'always', support: {partial: "locks raise nobody's priority: all tasks are SCHED_OTHER; no FUTEX_FD"}},
  {name: 'wait4', x86_64: 61, arm64: 260, run: wait4, args: 'int int_out hex ptr', promises: 'stdio'},
  {name: 'waitid', x86_64: 247, arm64: 95, run: waitid, args: 'int int siginfo_out hex ptr', promises: 'stdio'},
  {name: 'fork', x86_64: 57, run: fork, args: '', promises: 'proc'},
  {name: 'vfork', x86_64: 58, run: vfork, args: '', promises: 'proc'},
  {name: 'clone', x86_64: 56, arm64: 220, run: clone, args: 'hex ptr ptr ptr ptr', promises: 'clone'},
  {name: 'clone3', x86_64: 435, arm64: 435, run: clone3, args: 'ptr size', promises: 'proc'},
  {name: 'execve', x86_64: 59, arm64: 221, run: execve, args: 'path argv envp', promises: 'exec'},
  {name: 'execveat', x86_64: 322, arm64: 281, run: execveat, args: 'dirfd path argv envp atflags', promises: 'exec'},
  {name: 'setns', x86_64: 308, arm64: 268, run: refuse(EPERM), args: 'fd int', promises: 'refused', support: {refused: 'EPERM: no namespaces'}},
  {name: 'unshare', x86_64: 272, arm64: 97, run: unshare, args: 'hex', promises: 'stdio', support: {partial: 'no namespaces: EPERM'}},
  {name: 'setdomainname', x86_64: 171, arm64: 162, run: refuse(EPERM), args: 'in int', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'syslog', x86_64: 103, arm64: 116, run: refuse(EPERM), args: 'int ptr int', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'reboot', x86_64: 169, arm64: 142, run: refuse(EPERM), args: 'hex hex uint ptr', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'acct', x86_64: 163, arm64: 89, run: refuse(EPERM), args: 'path', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'vhangup', x86_64: 153, arm64: 58, run: refuse(EPERM), args: '', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'init_module', x86_64: 175, arm64: 105, run: refuse(EPERM), args: 'ptr size str', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'finit_module', x86_64: 313, arm64: 273, run: refuse(EPERM), args: 'fd str int', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'delete_module', x86_64: 176, arm64: 106, run: refuse(EPERM), args: 'str hex', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'kexec_load', x86_64: 246, arm64: 104, run: refuse(EPERM), args: 'hex hex ptr hex', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'kexec_file_load', x86_64: 320, arm64: 294, run: refuse(EPERM), args: 'fd fd hex str hex', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'iopl', x86_64: 172, run: refuse(EPERM), args: 'int', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'ioperm', x86_64: 173, run: refuse(EPERM), args: 'hex hex int', promises: 'refused', support: {refused: "EPERM: the machine is not the guest's"}},
  {name: 'bpf', x86_64: 321, arm64: 280, run: refuse(EPERM), args: 'int ptr uint', result: 'fd', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'perf_event_open', x86_64: 298, arm64: 241, run: refuse(EPERM), args: 'ptr int int int hex', result: 'fd', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'userfaultfd', x86_64: 323, arm64: 282, run: refuse(EPERM), args: 'int', result: 'fd', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'ptrace', x86_64: 101, arm64: 117, run: ptrace, args: 'int int ptr ptr', promises: 'proc', support: {partial: 'to look, not to change: ATTACH, CONT, DETACH, KILL, PEEK, registers; execve ends it; not TRACEME, SEIZE, SYSCALL'}},
  {name: 'kcmp', x86_64: 312, arm64: 272, run: refuse(EPERM), args: 'int int int hex hex', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'process_vm_readv', x86_64: 310, arm64: 270, run: refuse(EPERM), args: 'int ptr hex ptr hex hex', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'process_vm_writev', x86_64: 311, arm64: 271, run: refuse(EPERM), args: 'int ptr hex ptr hex hex', promises: 'refused', support: {refused: 'EPERM: not offered to guests'}},
  {name: 'add_key', x86_64: 248, arm64: 217, run: refuse(ENOSYS), args: 'str str ptr size int', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'request_key', x86_64: 249, arm64: 218, run: refuse(ENOSYS), args: 'str str str int', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'keyctl', x86_64: 250, arm64: 219, run: refuse(ENOSYS), args: 'int hex hex hex hex', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'landlock_create_ruleset', x86_64: 444, arm64: 444, run: refuse(ENOSYS), args: 'ptr size hex', result: 'fd', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'landlock_add_rule', x86_64: 445, arm64: 445, run: refuse(ENOSYS), args: 'fd int ptr hex', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'landlock_restrict_self', x86_64: 446, arm64: 446, run: refuse(ENOSYS), args: 'fd hex', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'modify_ldt', x86_64: 154, run: refuse(ENOSYS), args: 'int ptr hex', promises: 'refused', support: {refused: 'ENOSYS: as in a kernel that was built without it'}},
  {name: 'pidfd_open', x86_64: 434, arm64: 434, run: pidfdOpen, args: 'int hex', result: 'fd', promises: 'proc'},
  {name: 'pidfd_send_signal', x86_64: 424, arm64: 424, run: pidfdSendSignal, args: 'fd sig siginfo hex', promises: 'proc'},
  {name: 'pidfd_getfd', x86_64: 438, arm64: 438, run: pidfdGetfd, args: 'fd fd hex', result: 'fd', promises: 'proc'},

  // System V IPC and POSIX message queues.
  {name: 'shmget', x86_64: 29, arm64: 194, run: shmget, args: 'ipckey size shmgetflags', promises: 'proc', support: {partial: 'no huge pages'}},
  {name: 'shmat', x86_64: 30, arm64: 196, run: shmat, args: 'int ptr shmatflags', promises: 'proc', result: 'ptr'},
  {name: 'shmdt', x86_64: 67, arm64: 197, run: shmdt, args: 'ptr', promises: 'stdio'},
  {name: 'shmctl', x86_64: 31, arm64: 195, run: shmctl, args: 'int shmctl shmctlarg', promises: 'proc'},
  {name: 'semget', x86_64: 64, arm64: 190, run: semget, args: 'ipckey int ipcflags', promises: 'proc'},
  {name: 'semop', x86_64: 65, arm64: 193, run: semop, args: 'int sembufs uint', promises: 'proc'},
  {name: 'semtimedop', x86_64: 220, arm64: 192, run: semtimedop, args: 'int sembufs uint timespec', promises: 'proc'},
  {name: 'semctl', x86_64: 66, arm64: 191, run: semctl, args: 'int int semctl semctlarg', promises: 'proc'},
  {name: 'msgget', x86_64: 68, arm64: 186, run: msgget, args: 'ipckey ipcflags', promises: 'proc'},
  {name: 'msgsnd', x86_64: 69, arm64: 189, run: msgsnd, args: 'int msgbuf size msgsndflags', promises: 'proc'},
  {name: 'msgrcv', x86_64: 70, arm64: 188, run: msgrcv, args: 'int msgbuf_out size long msgrcvflags', promises: 'proc'},
  {name: 'msgctl', x86_64: 71, arm64: 187, run: msgctl, args: 'int msgctl msgctlarg', promises: 'proc'},
  {name: 'mq_open', x86_64: 240, arm64: 180, run: mqOpen, args: 'str openflags mode mqattr', result: 'fd', promises: 'proc'},
  {name: 'mq_unlink', x86_64: 241, arm64: 181, run: mqUnlink, args: 'str', promises: 'proc'},
  {name: 'mq_timedsend', x86_64: 242, arm64: 182, run: mqTimedsend, args: 'fd in size uint timespec', promises: 'stdio'},
  {name: 'mq_timedreceive', x86_64: 243, arm64: 183, run: mqTimedreceive, args: 'fd out size uint_out timespec', promises: 'stdio'},
  {name: 'mq_notify', x86_64: 244, arm64: 184, run: mqNotify, args: 'fd sigevent', promises: 'stdio', support: {partial: 'no SIGEV_THREAD'}},
  {name: 'mq_getsetattr', x86_64: 245, arm64: 185, run: mqGetsetattr, args: 'fd mqattr mqattr_out', promises: 'stdio'},

  // Calls that Linux does not have, far above its numbers.
  {name: 'xpledge', x86_64: 10000, arm64: 10000, run: xpledge, args: 'hex', promises: 'always'},
  {name: 'pledge', x86_64: 10001, arm64: 10001, run: pledge, args: 'str str', promises: 'always'},
  {name: 'unveil', x86_64: 10002, arm64: 10002, run: unveil, args: 'path str', promises: 'unveil'},

  // Sockets.
  {name: 'socket', x86_64: 41, arm64: 198, run: socket, args: 'sockfamily socktype sockproto', promises: 'socket', support: {partial: 'UNIX, TCP, UDP and netlink sockets; no raw ones (EPERM), no other families; outside of the sandbox only what --allow-net names'}},
  {name: 'socketpair', x86_64: 53, arm64: 199, run: socketpair, args: 'sockfamily socktype sockproto fdpair_out', promises: 'stdio', support: {partial: 'as socket'}},
  {name: 'bind', x86_64: 49, arm64: 200, run: bind, args: 'fd sockaddr uint', promises: 'on_socket', support: {partial: 'not in a volume of the host: EPERM'}},
  {name: 'listen', x86_64: 50, arm64: 201, run: listen, args: 'fd int', promises: 'on_listener'},
  {name: 'accept', x86_64: 43, arm64: 202, run: accept, args: 'fd sockaddr_out socklen', promises: 'on_listener'},
  {name: 'accept4', x86_64: 288, arm64: 242, run: accept4, args: 'fd sockaddr_out socklen sockflags', promises: 'on_listener'},
  {name: 'connect', x86_64: 42, arm64: 203, run: connect, args: 'fd sockaddr uint', promises: 'on_socket'},
  {name: 'getsockname', x86_64: 51, arm64: 204, run: getsockname, args: 'fd sockaddr_out socklen', promises: 'on_socket'},
  {name: 'getpeername', x86_64: 52, arm64: 205, run: getpeername, args: 'fd sockaddr_out socklen', promises: 'on_socket'},
  {name: 'sendto', x86_64: 44, arm64: 206, run: sendto, args: 'fd in size msgflags sockaddr uint', promises: 'send_to', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
  {name: 'recvfrom', x86_64: 45, arm64: 207, run: recvfrom, args: 'fd out size msgflags sockaddr_out socklen', promises: 'stdio', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
  {name: 'setsockopt', x86_64: 54, arm64: 208, run: setsockopt, args: 'fd socklevel sockopt sockopt_in uint', promises: 'sockopt', support: {partial: 'no filters, SO_PEEK_OFF, SO_PASSPIDFD; time stamps for UDP alone: ENOPROTOOPT'}},
  {name: 'getsockopt', x86_64: 55, arm64: 209, run: getsockopt, args: 'fd socklevel sockopt sockopt_out socklen', promises: 'sockopt', support: {partial: 'as setsockopt; no SO_PEERPIDFD, SO_COOKIE'}},
  {name: 'shutdown', x86_64: 48, arm64: 210, run: shutdown, args: 'fd shuthow', promises: 'stdio'},
  {name: 'sendmsg', x86_64: 46, arm64: 211, run: sendmsg, args: 'fd msghdr msgflags', promises: 'stdio', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
  {name: 'recvmsg', x86_64: 47, arm64: 212, run: recvmsg, args: 'fd msghdr_out msgflags', promises: 'stdio', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
  {name: 'sendmmsg', x86_64: 307, arm64: 269, run: sendmmsg, args: 'fd mmsghdrs uint msgflags', promises: 'stdio', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
  {name: 'recvmmsg', x86_64: 299, arm64: 243, run: recvmmsg, args: 'fd mmsghdrs_out uint msgflags timespec', promises: 'stdio', support: {partial: 'no MSG_OOB for UNIX sockets: EOPNOTSUPP'}},
]
