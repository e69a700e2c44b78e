// What an attacker in the sentry's process tries: JavaScript that `attacker.ts` puts there, with the functions that it uses.

/**
 * Calls on a file outside, by every path that may lead there: absolute, through `..` of each descriptor that the process holds, and through
 * procfs. `at` and `path` are the two arguments of a call; 0o20000 and the like: abi/open-flags.ts, abi/at-flags.ts.
 */
const ON_PATHS = {
  fchmod: ['file', 'opened(at, path, O_RDONLY, (fd) => call(N.fchmod, fd, 0o604))'],
  fchmodat: ['file', 'call(N.fchmodat, at, path, 0o604)'],
  fchmodat2: ['file', 'call(N.fchmodat2, at, path, 0o604, 0)'],
  fchown: ['file', 'opened(at, path, O_RDONLY, (fd) => call(N.fchown, fd, -1, GID))'],
  fchownat: ['file', 'call(N.fchownat, at, path, -1, GID, 0)'],
  utimensat: ['file', 'call(N.utimensat, at, path, 0, 0)'],
  'fchmodat2 by O_PATH': [
    'file',
    'opened(at, path, O_PATH, (fd) => call(N.fchmodat2, fd, "", 0o604, EMPTY))',
  ],
  'fchownat by O_PATH': [
    'file',
    'opened(at, path, O_PATH, (fd) => call(N.fchownat, fd, "", -1, GID, EMPTY))',
  ],
  'utimensat by O_PATH': ['file', 'opened(at, path, O_PATH, (fd) => call(N.utimensat, fd, "", 0, EMPTY))'],
  setxattr: ['file', 'call(N.setxattr, path, "user.hv", "x", 1, 0)'],
  listxattr: ['file', 'call(N.listxattr, path, "", 0)'],
  mknodat: ['node', 'call(N.mknodat, at, path, 0o10600, 0)'],
  mkdirat: ['folder', 'call(N.mkdirat, at, path, 0o700)'],
  symlinkat: ['other', 'call(N.symlinkat, "file", at, path)'],
  linkat: ['file', 'call(N.linkat, at, path, at, path + "-linked", 0)'],
  renameat2: ['moved', 'call(N.renameat2, at, path, at, path + "-away", 0)'],
  unlinkat: ['gone', 'call(N.unlinkat, at, path, 0)'],
  statx: ['file', 'call(N.statx, at, path, 0, 0x7ff, "")'],
  newfstatat: ['file', 'call(N.newfstatat, at, path, "", 0)'],
  readlinkat: ['link', 'call(N.readlinkat, at, path, "", 99)'],
  faccessat: ['file', 'call(N.faccessat, at, path, 0)'],
  faccessat2: ['file', 'call(N.faccessat2, at, path, 0, 0)'],
} as const

/** Of those above, the ones that tell about a file. They are refused by no filter and no Landlock: only a tree of its own has no such file. */
export const LOOKS = ['statx', 'newfstatat', 'readlinkat', 'faccessat', 'faccessat2'] as const

const DECIDED_BY_LANDLOCK = [
  ...['fchmod', 'fchown', 'mknodat', 'mkdirat', 'symlinkat', 'linkat', 'renameat2', 'unlinkat'],
  // A file system may have no attributes for users.
  'setxattr',
]
/** Of those above, the ones that Landlock does not decide about. */
export const PAST_LANDLOCK = (Object.keys(ON_PATHS) as (keyof typeof ON_PATHS)[]).filter(
  (name) => !DECIDED_BY_LANDLOCK.includes(name),
)

/** Ways to make a program run with its owner's rights, for whoever runs it on the host. */
export const SET_IDS = {
  'openat with set-ID bits': 'call(N.openat, fdOf("is-written"), "made", O_WRONLY | O_CREAT, 0o4711)',
  // struct open_how: flags, mode, resolve.
  openat2:
    'call(N.openat2, fdOf("is-written"), "made-2", "A" + "\\0".repeat(7) + "I\\x08" + "\\0".repeat(14), 24)',
  'mknodat with set-ID bits': 'call(N.mknodat, fdOf("is-written"), "made-3", 0o104711, 0)',
  'fchmod with set-ID bits':
    'opened(fdOf("is-written"), "file", O_WRONLY, (fd) => call(N.fchmod, fd, 0o2711))',
  'fchmodat2 with set-ID bits': 'call(N.fchmodat2, fdOf("is-written"), "file", 0o4711, 0)',
} as const

/** What the filter alone refuses, without volumes, too. */
const TRIES_OF_FILTER = {
  'use io_uring': 'call(N.io_uring_setup, 1, 0)',
  'make a process': 'call(N.clone, 17, 0, 0, 0, 0)',
  // F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETFL with O_ASYNC, FIOASYNC. The values change nothing.
  'say whom a file signals': 'call(N.fcntl, 0, 8, 0)',
  'say how a file signals': 'call(N.fcntl, 0, 10, 0)',
  'say which thread a file signals': 'call(N.fcntl, 0, 15, "\\x01\\0\\0\\0\\0\\0\\0\\0")',
  'let a file signal': 'call(N.fcntl, 0, 4, 0o20000)',
  'let a file signal, by ioctl': 'call(N.ioctl, 0, 0x5452, "\\0\\0\\0\\0")',
  'lower a priority by number': 'call(N.setpriority, 0, process.pid, 19)',
  'read a priority by number': 'call(N.getpriority, 0, process.pid)',
  'choose processors by number': 'call(N.sched_setaffinity, process.pid, 8, "\\x01\\0\\0\\0\\0\\0\\0\\0")',
  'choose a scheduler': 'call(N.sched_setscheduler, 0, 0, "\\0\\0\\0\\0")',
  'choose a priority of input and output': 'call(N.ioprio_set, 1, 0, 2 << 13)',
  'find a session by number': 'call(N.getsid, process.pid)',
  'watch directories': 'call(N.inotify_init1, 0)',
  'make a socket': 'call(N.socket, 2, 2, 0)',
  // Of no descriptor: EBADF comes after the filter.
  'connect a socket': 'past(call(N.connect, -1, "", 0))',
  'bind a socket': 'past(call(N.bind, -1, "", 0))',
  'send to an address': 'past(call(N.sendto, -1, "", 0, 0, "\\0", 1))',
  'send a message': 'past(call(N.sendmsg, -1, "", 0))',
  'send several messages': 'past(call(N.sendmmsg, -1, "", 0, 0))',
} as const

/**
 * What the attacker runs, as JavaScript in the sentry's process, once the jail is closed. Each result is at least 0 when the attacker
 * succeeded, else a negative errno.
 */
export const TRIES = {
  'open /etc/shadow': 'open("/etc/shadow", O_RDONLY)',
  'write to a file outside': 'open(OUTSIDE + "/file", O_WRONLY)',
  'make a file outside': 'open(OUTSIDE + "/new", O_WRONLY | O_CREAT)',
  'make a file where hv keeps code': 'open(CACHE + "/new", O_WRONLY | O_CREAT)',
  "read its owner's memory": 'open("/proc/" + OWNER_PID + "/mem", O_RDONLY)',
  'open /dev/kvm': 'open("/dev/kvm", O_RDWR)',
  'write to a read-only volume': 'call(N.openat, fdOf("is-shown"), "file", O_WRONLY, 0)',
  'fchmodat of a read-only volume': 'call(N.fchmodat, fdOf("is-shown"), "file", 0o604)',
  ...SET_IDS,
  ...(Object.fromEntries(
    Object.entries(ON_PATHS).map(([name, [file, code]]) => [
      name,
      `outside("${file}", (at, path) => ${code})`,
    ]),
  ) as Record<keyof typeof ON_PATHS, string>),
  'connect by TCP': 'connect()',
  'execute a program': 'call(N.execve, OUTSIDE + "/true", 0, 0)',
  'signal its owner': 'call(N.kill, OWNER_PID, 0)',
  'signal process 1': 'call(N.kill, 1, 0)',
  'attach to its owner': 'call(N.ptrace, 16, OWNER_PID, 0, 0)',
  'seize its owner': 'call(N.ptrace, 0x4206, OWNER_PID, 0, 0)',
  'mount a file system': 'call(N.mount, "none", "/", "tmpfs", 0, 0)',
  'load a module': 'call(N.init_module, 0, 0, "")',
  'enter a user namespace': 'call(N.unshare, 0x10000000)',
  'change its root': 'call(N.chroot, "/")',
  'become another user': 'call(N.setuid, 77)',
  'load a BPF program': 'call(N.bpf, 5, 0, 0)',
  ...TRIES_OF_FILTER,
} as const
export type Try = keyof typeof TRIES
/** Tries that the filter alone refuses, without volumes, too. */
export const OF_FILTER = Object.keys(TRIES_OF_FILTER) as Try[]
/** Tries that need volumes. */
export const OF_VOLUMES: readonly string[] = [
  'write to a read-only volume',
  'fchmodat of a read-only volume',
  ...Object.keys(SET_IDS),
]
/** Tries that do no harm even where nothing stops them. */
export const HARMLESS: readonly Try[] = [
  'open /etc/shadow',
  'write to a file outside',
  'make a file outside',
  'make a file where hv keeps code',
  "read its owner's memory",
  'write to a read-only volume',
  // A file system may have no attributes for users.
  ...(Object.keys(ON_PATHS) as (keyof typeof ON_PATHS)[]).filter((name) => name !== 'setxattr'),
  'connect by TCP',
  'signal its owner',
  'signal process 1',
  'change its root',
  'become another user',
  ...OF_FILTER.filter((name) => !['use io_uring', 'make a process'].includes(name)),
]
