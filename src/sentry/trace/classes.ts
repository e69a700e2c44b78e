// strace's classes of system calls. They are derived from a row's kinds where possible; the rest is a list of names.

import type {Row} from '../core/syscall.ts'

type Class = (row: Row) => boolean

/** Kinds of arguments that are one or more paths or descriptors. */
const PATHS: ReadonlySet<string> = new Set(['path', 'path_out'])
const DESCRIPTORS: ReadonlySet<string> = new Set(['fd', 'dirfd', 'fdpair_out', 'pollfds', 'fdset_in'])

const has =
  (kinds: ReadonlySet<string>): Class =>
  (row) =>
    row.args.split(' ').some((kind) => kinds.has(kind))

const named = (names: string): Class => {
  const set = new Set(names.split(' '))
  return ({name}) => set.has(name)
}

const takesPath = has(PATHS)
const takesDescriptor = has(DESCRIPTORS)
const network = named(
  'sendfile socket socketpair bind listen accept accept4 connect getsockname getpeername sendto recvfrom setsockopt ' +
    'getsockopt shutdown sendmsg recvmsg sendmmsg recvmmsg getpmsg putpmsg',
)
const notNetwork = ({name}: Row): boolean => name === 'sendfile' || !network({name} as Row)
const isFstat = named('fstat newfstatat statx')
const isStatfs = named('statfs fstatfs ustat')

/** By the word after the `%`: strace(1), "-e trace=". */
const classes: Readonly<Record<string, Class>> = {
  file: (row) => takesPath(row) || row.name === 'fsconfig',
  desc: (row) => (takesDescriptor(row) || row.result === 'fd') && notNetwork(row),
  memory: named(
    'brk mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock mlockall munlockall ' +
      'io_setup io_destroy io_uring_register shmat shmdt remap_file_pages pkey_mprotect memfd_secret process_madvise ' +
      'mbind set_mempolicy get_mempolicy migrate_pages move_pages set_mempolicy_home_node',
  ),
  process: named(
    'fork vfork clone clone3 execve execveat exit exit_group wait4 waitid kill tkill tgkill rt_sigqueueinfo ' +
      'rt_tgsigqueueinfo pidfd_send_signal',
  ),
  signal: named(
    'rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo ' +
      'rt_sigsuspend sigaltstack kill tkill tgkill pause signalfd signalfd4 pidfd_send_signal io_uring_enter',
  ),
  ipc: named('shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl'),
  net: network,
  network,
  creds: named(
    'getuid geteuid getgid getegid getresuid getresgid getgroups setgroups setuid setgid setreuid setregid ' +
      'setresuid setresgid setfsuid setfsgid capget capset prctl',
  ),
  clock: named(
    'gettimeofday settimeofday time adjtimex clock_adjtime clock_gettime clock_getres clock_settime',
  ),
  stat: named('stat'),
  lstat: named('lstat'),
  fstat: isFstat,
  '%stat': (row) => row.name === 'stat' || row.name === 'lstat' || isFstat(row),
  statfs: named('statfs'),
  fstatfs: named('fstatfs'),
  '%statfs': isStatfs,
  pure: named('getpid getppid gettid getuid geteuid getgid getegid getpgrp'),
}

/** These need no `%`: strace had these names before it. */
const legacy: ReadonlySet<string> = new Set(['file', 'desc', 'memory', 'process', 'signal', 'ipc', 'network'])

/** @param word `%file`, or `file`. @returns undefined when it names no class */
export function classOf(word: string): Class | undefined {
  const name = word.startsWith('%') ? word.slice(1) : legacy.has(word) ? word : ''
  return Object.hasOwn(classes, name) ? classes[name] : undefined
}
