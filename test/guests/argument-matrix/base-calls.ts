// The base calls of the argument matrix: one for each row of the system call table, from its arguments' kinds, or more where needed.

import {table} from '../../../src/sentry/syscalls/table.ts'

const page = (number: number): string => `0x${((0x40000000 + number) * 4096).toString(16)}`
const input = (offset: number): string => `0x${((0x40000000 + 4) * 4096 + offset).toString(16)}`

// guests/linux/matrix/argument-matrix.c has the same.
const BUFFER = page(0)
const READ_ONLY = page(6)
const SCRATCH = page(16)
const [FILE, DIRECTORY, PIPE_READ, PIPE_WRITE, EPOLL, EVENT, TIMER] = [100, 101, 102, 103, 104, 105, 106]
const [READ_ONLY_FD, TARGET, FULL_READ, QUEUE] = [107, 109, 110, 112]
const IOV = input(0)
const NAME = input(0x100)
const NEW = input(0x140)
const NEW_DIRECTORY = NEW
const DIRECTORY_NAME = input(0x180)
const LINK = input(0x1c0)
const ITIMERSPEC = input(0x240)
const POLLFD = input(0x280)
const EPOLL_EVENT = input(0x2c0)
const ZEROS = input(0x300)
const RLIMIT = input(0x340)
const SIGEVENT = input(0x400)
const SCHED_ATTR = input(0x480)
const OFFSET = input(0x500)
const CAPABILITY = input(0x540)
const STACK = input(0x5c0)
const FLOCK = input(0x600)
const SEMBUF = input(0x640)
const MESSAGE = input(0x680)
const QUEUE_NAME = input(0x6c0)

/** Never varied: another key would make another object, which would stay. */
const KEY = '!key'
const IPC_NOWAIT = 0o4000

const SIGUSR1 = 10
const AT_FDCWD = -100

type Words = readonly (string | number)[]

/** The argument for each kind that needs no more. A kind that is missing here gets the address of a buffer. */
const byKind: Readonly<Record<string, string | number>> = {
  fd: FILE,
  dirfd: AT_FDCWD,
  path: NAME,
  str: NAME,
  size: 16,
  int: 0,
  uint: 0,
  long: 0,
  hex: 0,
  in: BUFFER,
  iov_in: IOV,
  iov_out: IOV,
  sig: SIGUSR1,
  sigset: ZEROS,
  mode: 0o600,
  openflags: 0,
  timespec: ZEROS,
  timespec_left: ZEROS,
  timeval_left: ZEROS,
  itimerspec: ITIMERSPEC,
  rlimit: RLIMIT,
  sigevent: SIGEVENT,
  stack: STACK,
  ptr: BUFFER,
  clockid: 1,
  itimer: 1,
  capheader: CAPABILITY,
  open_how: ZEROS,
  sigaction: ZEROS,
  offset_high: 0,
  rlimitres: 4,
}
const NUMBERS =
  /flags$|^(amode|whence|octal|dev|fcntl|fcntlarg|lockop|prot|advice|fadvice|fallocmode|sighow|rusagewho|prctl|prctlarg|priowhich|scheduler|personality|membarrier|membarriercpu|archprctl|futexop|epollop|ioctl|ioctlarg)$/

/** One or more bases for a name, instead of the default: the matrix calls them NAME, NAME:1 and so on. `!` keeps a word as it is. */
const bases: Readonly<Record<string, readonly Words[]>> = {
  pread64: [[FILE, BUFFER, 16, 3]],
  pwrite64: [[FILE, BUFFER, 16, 3]],
  readv: [[FILE, IOV, 1]],
  writev: [[FILE, IOV, 1]],
  preadv: [[FILE, IOV, 1, 3, 0]],
  pwritev: [[FILE, IOV, 1, 3, 0]],
  preadv2: [[FILE, IOV, 1, 3, 0, 0]],
  pwritev2: [[FILE, IOV, 1, 3, 0, 0]],
  openat2: [[AT_FDCWD, NAME, ZEROS, 24]],
  close: [[TARGET]],
  close_range: [
    [200, '!210', 0],
    ['!600', 610, 0],
  ],
  getdents: [[DIRECTORY, BUFFER, 4096]],
  getdents64: [[DIRECTORY, BUFFER, 4096]],
  dup2: [[FILE, 120]],
  dup3: [[FILE, 120, 0]],
  link: [[NAME, NEW]],
  linkat: [[AT_FDCWD, NAME, AT_FDCWD, NEW, 0]],
  symlink: [[NAME, NEW]],
  symlinkat: [[NAME, AT_FDCWD, NEW]],
  readlink: [[LINK, BUFFER, 16]],
  readlinkat: [[AT_FDCWD, LINK, BUFFER, 16]],
  rmdir: [[DIRECTORY_NAME]],
  rename: [[NAME, NEW]],
  renameat: [[AT_FDCWD, NAME, AT_FDCWD, NEW]],
  renameat2: [[AT_FDCWD, NAME, AT_FDCWD, NEW, 0]],
  mkdir: [[NEW_DIRECTORY, 0o700]],
  mkdirat: [[AT_FDCWD, NEW_DIRECTORY, 0o700]],
  mknod: [[NEW, 0o100600, 0]],
  mknodat: [[AT_FDCWD, NEW, 0o100600, 0]],
  fallocate: [[FILE, 0, 0, 4096]],
  sync_file_range: [[FILE, 0, 4096, 2]],
  fadvise64: [[FILE, 0, 4096, 0]],
  chdir: [[DIRECTORY_NAME]],
  fchdir: [[DIRECTORY]],
  // A path that does not exist.
  chroot: [[READ_ONLY]],
  fcntl: [
    [FILE, 3, 0],
    [FILE, '!0', 130],
    [FILE, '!4', 0],
    [FILE, '!5', FLOCK],
    [FILE, '!6', FLOCK],
    [PIPE_WRITE, '!1031', 4096],
  ],
  flock: [[FILE, 6]],
  poll: [[POLLFD, 1, 0]],
  ppoll: [[POLLFD, 1, ZEROS, ZEROS, 8]],
  epoll_create: [[1]],
  epoll_ctl: [[EPOLL, 1, PIPE_READ, EPOLL_EVENT]],
  epoll_wait: [[EPOLL, BUFFER, 1, 0]],
  epoll_pwait: [[EPOLL, BUFFER, 1, 0, ZEROS, 8]],
  epoll_pwait2: [[EPOLL, BUFFER, 1, ZEROS, ZEROS, 8]],
  sendfile: [
    [TARGET, FILE, OFFSET, 16],
    [PIPE_WRITE, FILE, 0, 16],
  ],
  copy_file_range: [[FILE, OFFSET, TARGET, OFFSET, 16, 0]],
  splice: [
    [FILE, OFFSET, PIPE_WRITE, 0, 16, 2],
    [FULL_READ, 0, TARGET, OFFSET, 16, 2],
  ],
  tee: [[FULL_READ, PIPE_WRITE, 16, 2]],
  vmsplice: [[PIPE_WRITE, IOV, 1, 2]],
  read: [
    [FILE, BUFFER, 16],
    [EVENT, BUFFER, 8],
    [PIPE_READ, BUFFER, 8],
  ],
  write: [
    [FILE, BUFFER, 16],
    [EVENT, BUFFER, 8],
    [READ_ONLY_FD, BUFFER, 8],
  ],
  mmap: [
    [0, 4096, 3, 0x22, -1, 0],
    [0, 4096, 1, 1, FILE, 0],
    [SCRATCH, 4096, 3, '!0x32', -1, 0],
  ],
  munmap: [[SCRATCH, 4096]],
  mprotect: [[SCRATCH, 4096, 1]],
  mremap: [
    [SCRATCH, 4096, 8192, 1, 0],
    [SCRATCH, 4096, 4096, '!3', page(24)],
  ],
  madvise: [
    [SCRATCH, 4096, 0],
    [SCRATCH, 4096, '!4'],
  ],
  msync: [[SCRATCH, 4096, 4]],
  mincore: [[SCRATCH, 4096, BUFFER]],
  mlock: [[SCRATCH, 4096]],
  mlock2: [[SCRATCH, 4096, 0]],
  munlock: [[SCRATCH, 4096]],
  mlockall: [[1]],
  rt_sigaction: [[SIGUSR1, ZEROS, BUFFER, 8]],
  rt_sigprocmask: [[0, ZEROS, BUFFER, 8]],
  rt_sigpending: [[BUFFER, 8]],
  rt_sigtimedwait: [[ZEROS, BUFFER, ZEROS, 8]],
  rt_sigsuspend: [[ZEROS, 8]],
  rt_sigqueueinfo: [['pid', '!0', ZEROS]],
  rt_tgsigqueueinfo: [['pid', 'pid', '!0', ZEROS]],
  kill: [['pid', 0]],
  tkill: [['pid', 0]],
  tgkill: [['pid', 'pid', 0]],
  timer_create: [[1, SIGEVENT, BUFFER]],
  timer_delete: [[99]],
  signalfd: [[-1, ZEROS, 8]],
  signalfd4: [[-1, ZEROS, 8, 0]],
  timerfd_settime: [[TIMER, 0, ITIMERSPEC, BUFFER]],
  timerfd_gettime: [[TIMER, BUFFER]],
  // Sets nothing.
  capset: [[CAPABILITY, '!0']],
  prlimit64: [[0, 4, RLIMIT, BUFFER]],
  arch_prctl: [[0x1003, BUFFER]],
  set_robust_list: [[BUFFER, 24]],
  get_robust_list: [[0, BUFFER, BUFFER]],
  prctl: [
    [0, 0, 0, 0, 0],
    ['!15', NAME, 0, 0, 0],
    ['!16', BUFFER, 0, 0, 0],
    ['!4', 1, 0, 0, 0],
    ['!29', 1000, 0, 0, 0],
    ['!2', BUFFER, 0, 0, 0],
    ['!40', BUFFER, 0, 0, 0],
  ],
  // Strict mode would end the guest.
  seccomp: [
    ['!2', 0, ZEROS],
    ['!1', 0, ZEROS],
  ],
  sched_getaffinity: [[0, 128, BUFFER]],
  sched_setaffinity: [[0, 8, ZEROS]],
  sched_getattr: [[0, BUFFER, 48, 0]],
  sched_setattr: [[0, SCHED_ATTR, 0]],
  sched_setscheduler: [[0, 0, ZEROS]],
  sched_setparam: [[0, ZEROS]],
  ioprio_get: [[1, 0]],
  ioprio_set: [[1, 0, 0]],
  personality: [[0xffffffff]],
  futex: [
    [BUFFER, 0, 1, ZEROS, 0, 0],
    [BUFFER, '!0', 0, ZEROS, 0, 0],
    [BUFFER, '!1', 1, 0, 0, 0],
    [BUFFER, '!3', 1, 1, BUFFER, 0],
    [BUFFER, '!4', 1, 1, BUFFER, 0],
    [BUFFER, '!5', 1, 1, BUFFER, 0],
    [BUFFER, '!9', 0, ZEROS, 0, 1],
  ],
  shmget: [[KEY, 4096, 0]],
  shmctl: [
    ['shm', 2, BUFFER],
    ['shm', '!3', BUFFER],
    ['shm', '!13', BUFFER],
    ['shm', '!14', BUFFER],
    ['shm', '!1', ZEROS],
  ],
  semget: [[KEY, 2, 0]],
  semop: [['sem', SEMBUF, 1]],
  semtimedop: [['sem', SEMBUF, 1, ZEROS]],
  semctl: [
    ['sem', 0, 12, 0],
    ['sem', 0, '!3', BUFFER],
    ['sem', 0, '!13', BUFFER],
    ['sem', 0, '!16', 1],
    ['sem', 0, '!17', ZEROS],
    ['sem', 0, '!1', ZEROS],
  ],
  msgget: [[KEY, 0]],
  msgsnd: [['msg', MESSAGE, 4, IPC_NOWAIT]],
  msgrcv: [['msg', BUFFER, 16, 0, IPC_NOWAIT]],
  msgctl: [
    ['msg', 2, BUFFER],
    ['msg', '!3', BUFFER],
    ['msg', '!1', ZEROS],
  ],
  mq_open: [[QUEUE_NAME, '!0', 0o600, 0]],
  mq_unlink: [[QUEUE_NAME]],
  mq_timedsend: [[QUEUE, BUFFER, 4, 0, ZEROS]],
  mq_timedreceive: [[QUEUE, BUFFER, 64, BUFFER, ZEROS]],
  mq_notify: [[QUEUE, SIGEVENT]],
  mq_getsetattr: [[QUEUE, ZEROS, BUFFER]],
  wait4: [[-1, BUFFER, 0, BUFFER]],
  waitid: [[0, 0, BUFFER, 4, BUFFER]],
}

/** Calls that cannot be made this way, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  exit: 'ends the program',
  exit_group: 'ends the program',
  rt_sigreturn: 'takes its registers from the stack',
  fork: 'another process would go on with the list',
  vfork: 'the same',
  clone: 'the same',
  clone3: 'the same',
  execve: 'another program would not go on with the list',
  execveat: 'the same',
  brk: 'takes the heap from the C library; guests/linux/brk.c',
  sethostname: 'natively as root it names the host; guests/linux/system-info.c',
  setgroups: 'natively as root it changes what the rest may do; guests/linux/identity.c',
  setuid: 'the same',
  setgid: 'the same',
  setreuid: 'the same',
  setregid: 'the same',
  setresuid: 'the same',
  setresgid: 'the same',
  setfsuid: 'the same',
  setfsgid: 'the same',
  set_tid_address: 'the word there is cleared when the program ends',
  ptrace:
    'natively, request 0 makes the parent a tracer that knows nothing of it; guests/linux/ptrace-look.c',
  shmat: 'maps where later calls expect nothing; guests/linux/sysv-shm.c',
  xpledge: 'Linux has no such call',
  pledge: 'Linux has no such call',
  unveil: 'Linux has no such call',
}

/** Calls whose results depend on more than the call: the time, a process, an address, a configuration. */
const variesByNature = new Set(
  'shmget semget msgget shmctl semctl msgctl getcwd time times adjtimex clock_adjtime sched_getaffinity membarrier getpgid getsid getpriority alarm tee personality ioprio_get'.split(
    ' ',
  ),
)

export interface BaseCall {
  /** The matrix's name for it. */
  label: string
  name: string
  line: string
}

/** @returns the calls in the table's order: later calls may use up what earlier ones need */
export function baseCalls(arch: 'x86_64' | 'arm64'): readonly BaseCall[] {
  const rows = table.filter((row) => {
    const isRefused = typeof row.support === 'object' && 'refused' in row.support
    return row[arch] !== undefined && row.args !== '' && !isRefused && leftOut[row.name] === undefined
  })
  return rows.flatMap((row) =>
    (bases[row.name] ?? [wordsFor(row.args)]).map((words, index) => {
      const label = index === 0 ? row.name : `${row.name}:${index}`
      return {label, name: row.name, line: [label, row[arch], resultOf(row), ...words].join(' ')}
    }),
  )
}

function wordsFor(args: string): Words {
  return args.split(' ').map((kind) => byKind[kind] ?? (NUMBERS.test(kind) ? 0 : BUFFER))
}

function resultOf({name, result}: (typeof table)[number]): string {
  if (name === 'mmap' || name === 'mremap') return 'map'
  if (variesByNature.has(name)) return 'ok'
  return result === 'fd' || name === 'fcntl' ? 'fd' : 'value'
}
