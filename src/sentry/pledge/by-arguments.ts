// Promises that a call needs depending on its arguments. Named by a word in the system call table's `promises` column.

import {F_GETLK, F_OFD_GETLK, F_OFD_SETLKW, F_SETLKW, F_SETOWN, F_SETOWN_EX} from '../../abi/fcntl.ts'
import {S_IFMT, S_IFREG} from '../../abi/file-mode.ts'
import * as ioctl from '../../abi/ioctl.ts'
import {MAP_ANONYMOUS, MAP_PRIVATE, MAP_TYPE} from '../../abi/mman.ts'
import {PROT_EXEC, PROT_WRITE} from '../../platform/platform.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {optionPromises, socketPromises} from './socket-promises.ts'

/** Returns words as in the column. Reads arguments only, no guest memory, which another thread could change before the call reads it. */
type ByArguments = (task: Task, row: Row) => string

const PR_SET_PDEATHSIG = 1
const PR_SET_KEEPCAPS = 8
const PR_SET_CHILD_SUBREAPER = 36
const CLONE_THREAD = 0x10000
/** uid_t and gid_t -1: leave unchanged. */
const UNCHANGED = 0xffffffff

// Requests that change something about a terminal: the promise tty. man 2 ioctl_tty; asm-generic/ioctls.h.
const TIOCMBIS = 0x5416
const TIOCMBIC = 0x5417
const TIOCMSET = 0x5418
const TIOCSSOFTCAR = 0x541a
const TIOCLINUX = 0x541c
const TIOCCONS = 0x541d
const TIOCSSERIAL = 0x541f
/** TIOCSTI types a character as if the user had, TIOCSIG sends a signal: these need proc, too (pledge(2)). */
const MOVES_TERMINAL: ReadonlySet<number> = new Set([ioctl.TIOCSPGRP, ioctl.TIOCSTI, ioctl.TIOCSIG])
const CHANGES_TERMINAL: ReadonlySet<number> = new Set([
  ...[
    ioctl.TCSETS,
    ioctl.TCSETSW,
    ioctl.TCSETSF,
    ioctl.TCSETA,
    ioctl.TCSETAW,
    ioctl.TCSETAF,
    ioctl.TCSETS2,
    ioctl.TCSETSW2,
    ioctl.TCSETSF2,
  ],
  ...[
    ioctl.TCSBRK,
    ioctl.TCSBRKP,
    ioctl.TCXONC,
    ioctl.TCFLSH,
    ioctl.TIOCSBRK,
    ioctl.TIOCCBRK,
    ioctl.TIOCEXCL,
    ioctl.TIOCNXCL,
    ioctl.TIOCSCTTY,
    ioctl.TIOCNOTTY,
  ],
  ...[ioctl.TIOCSWINSZ, ioctl.TIOCSETD, ioctl.TIOCPKT, TIOCCONS, TIOCLINUX, ioctl.TIOCVHANGUP],
  ...[ioctl.TIOCSPTLCK, ioctl.TIOCGPTPEER],
  ...[TIOCMBIS, TIOCMBIC, TIOCMSET, TIOCSSOFTCAR, TIOCSSERIAL],
])

export const byArguments: Readonly<Record<string, ByArguments>> = {
  /** mmap: private code of a file is what loaders map, and needs no more than reading it: see README.md. */
  mapping: ({arguments: args, fds}) => {
    const protection = args.uint32(2)
    if (!(protection & PROT_EXEC)) return 'stdio'
    const flags = args.int32(3)
    if (protection & PROT_WRITE || flags & MAP_ANONYMOUS || (flags & MAP_TYPE) !== MAP_PRIVATE)
      return 'prot_exec'
    // A file without a path, such as a memfd, is memory that write(2) fills.
    return fds.find(args.int32(4))?.location === undefined ? 'prot_exec' : 'rpath|prot_exec'
  },

  protection: ({arguments: args}) => (args.uint32(2) & PROT_EXEC ? 'prot_exec' : 'stdio'),

  fcntl: ({arguments: args}) => {
    const command = args.uint32(1)
    if (command === F_SETOWN || command === F_SETOWN_EX) return 'stdio proc'
    const locks =
      (command >= F_GETLK && command <= F_SETLKW) || (command >= F_OFD_GETLK && command <= F_OFD_SETLKW)
    return locks ? 'stdio flock' : 'stdio'
  },

  /** Queries need stdio: a C library makes them at its first output. Unknown requests get ENOTTY and do no harm. */
  ioctl: ({arguments: args}) => {
    const request = args.uint32(1)
    if (request === ioctl.FIOSETOWN || request === ioctl.SIOCSPGRP) return 'stdio proc'
    if (MOVES_TERMINAL.has(request)) return 'tty proc'
    return CHANGES_TERMINAL.has(request) ? 'tty' : 'stdio'
  },

  /** kill: to itself, or its own group, as on OpenBSD. */
  signal: ({arguments: args, process}) => {
    const pid = args.int32(0)
    return pid === 0 || pid === process.pid ? 'stdio' : 'proc'
  },

  /** tkill, tgkill: raise(3) and abort(3) are always possible. The first argument is a thread, or its process. */
  thread_signal: ({arguments: args, process, kernel}, {name}) => {
    const first = args.int32(0)
    const isOwn = name === 'tkill' ? kernel.tasks.get(first)?.process === process : first === process.pid
    return isOwn ? '' : 'proc'
  },

  /** prlimit64: getrlimit(3) and setrlimit(3), maybe for another process. */
  limits: ({arguments: args, process}) => {
    const pid = args.int32(0)
    if (pid !== 0 && pid !== process.pid) return 'proc'
    return args.address(2) === 0 ? 'stdio' : 'proc|id'
  },

  prctl: ({arguments: args}) => {
    switch (args.int32(0)) {
      case PR_SET_PDEATHSIG:
      case PR_SET_CHILD_SUBREAPER:
        return 'proc'
      case PR_SET_KEEPCAPS:
        return 'id'
      default:
        return 'stdio'
    }
  },

  /** A thread is no process: OpenBSD's __tfork(2). */
  clone: ({arguments: args}) => (args.uint32(0) & CLONE_THREAD ? 'stdio' : 'proc'),

  /** chown: with fattr alone, only to oneself and one's groups. */
  owner: ({arguments: args, credentials}, row) => {
    const first = row.args.split(' ').indexOf('int')
    const uid = args.uint32(first)
    const gid = args.uint32(first + 1)
    const isOwn =
      (uid === UNCHANGED || uid === credentials.euid) &&
      (gid === UNCHANGED || gid === credentials.egid || credentials.groups.includes(gid))
    const path = row.args.includes('path') ? ' rpath' : ''
    return `${isOwn ? 'fattr|chown' : 'chown'}${path}`
  },

  node: ({arguments: args}, row) => {
    const kind = args.uint32(row.args.split(' ').indexOf('mode')) & S_IFMT
    return kind === 0 || kind === S_IFREG ? 'cpath' : 'dpath'
  },

  /** socket: an unknown family fails, and has no effect. */
  socket: ({arguments: args, kernel}) => {
    const family = kernel.socketFamilies.find(args.int32(0))
    return family === undefined ? '' : socketPromises(family)
  },

  /** Like `socket`: without a socket, nothing. Whom connect may name is decided when the address is read. */
  on_socket: (task) => {
    const family = familyOf(task)
    return family === undefined ? '' : socketPromises(family)
  },

  /** listen, accept. */
  on_listener: (task) => familyOf(task)?.promise ?? '',

  sockopt: (task) => {
    const family = familyOf(task)
    const {arguments: args} = task
    return family === undefined ? '' : optionPromises(family, args.int32(1), args.int32(2))
  },

  /** sendto: to the peer, or to a name. */
  send_to: (task) => {
    const family = familyOf(task)
    return task.arguments.address(4) === 0 || family === undefined
      ? 'stdio'
      : `stdio ${socketPromises(family)}`
  },
}

/** Of the socket that the first argument names. */
const familyOf = ({arguments: args, fds}: Task) => fds.find(args.int32(0))?.file.socket?.family
