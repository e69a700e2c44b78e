// socket(2), socketpair(2): UNIX sockets; there are no others. Checks are in Linux's order (net/socket.c).

import {EAFNOSUPPORT, EFAULT, EINVAL, EPROTONOSUPPORT, Errno, ESOCKTNOSUPPORT} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {
  AF_INET,
  AF_INET6,
  AF_MAX,
  AF_PACKET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_FLAGS,
  SOCK_MAX,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOCK_TYPE_MASK,
} from '../../abi/socket.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {joinPair} from '../net/connect.ts'
import {makeSocketFile} from '../net/make-socket-file.ts'
import {callerCredentials} from '../net/socket-argument.ts'
import {UnixSocket} from '../net/unix-socket.ts'

const NETWORKS: readonly number[] = [AF_INET, AF_INET6, AF_PACKET]
/** int[2]. */
const PAIR_BYTES = 8

export const socket: Syscall = (task, args) => {
  const flags = typeFlags(args)
  // A program that needs a network fails for the lack of one.
  if (NETWORKS.includes(args.int32(0))) task.process.run.counters.countRefused(task.context.callNumber)
  return install(task, newSocket(task, args), flags)
}

export const socketpair: Syscall = (task, args) => {
  const flags = typeFlags(args)
  const address = args.address(3)
  checkPair(task, address)
  const made: UnixSocket[] = []
  const fds: number[] = []
  try {
    made.push(newSocket(task, args))
    made.push(newSocket(task, args))
    joinPair(made[0], made[1], callerCredentials(task))
    for (const each of made) fds.push(install(task, each, flags))
    task.memory.writeInt32s(address, fds)
  } catch (error) {
    for (const fd of fds) task.fds.remove(fd)
    for (const each of made) each.close()
    throw error
  }
  return 0
}

/** Linux stores the numbers before it makes the sockets. @throws Errno EFAULT */
function checkPair({memory}: Task, address: number): void {
  const views = memory.views(address, PAIR_BYTES, PROT_WRITE)
  if (views.reduce((sum, {length}) => sum + length, 0) < PAIR_BYTES) throw new Errno(EFAULT)
}

function install(task: Task, made: UnixSocket, flags: number): number {
  return task.fds.install(makeSocketFile(made, flags & O_NONBLOCK, task.credentials), flags)
}

/** @throws Errno EINVAL */
function typeFlags(args: Arguments): number {
  const flags = args.int32(1) & ~SOCK_TYPE_MASK
  if (flags & ~SOCK_FLAGS) throw new Errno(EINVAL)
  return flags
}

/** @throws Errno EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, ESOCKTNOSUPPORT, ENFILE */
function newSocket({kernel}: Task, args: Arguments): UnixSocket {
  const family = args.int32(0)
  const type = args.int32(1) & SOCK_TYPE_MASK
  const protocol = args.int32(2)
  const isNumbered = family >= 0 && family < AF_MAX
  if (isNumbered && type >= SOCK_MAX) throw new Errno(EINVAL)
  if (family !== AF_UNIX) throw new Errno(EAFNOSUPPORT)
  if (protocol !== 0 && protocol !== AF_UNIX) throw new Errno(EPROTONOSUPPORT)
  return new UnixSocket(typeOf(type), kernel.unix, kernel.budget)
}

/** SOCK_RAW is a synonym of SOCK_DGRAM here. @throws Errno ESOCKTNOSUPPORT */
function typeOf(type: number): number {
  if (type === SOCK_RAW) return SOCK_DGRAM
  if (type !== SOCK_STREAM && type !== SOCK_DGRAM && type !== SOCK_SEQPACKET) throw new Errno(ESOCKTNOSUPPORT)
  return type
}
