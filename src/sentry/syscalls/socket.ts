// socket(2) and all calls on sockets, of which there are none: no family is there, and no descriptor is one.
// What is looked at before the descriptor and behind it is in Linux's order (net/socket.c).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EAFNOSUPPORT, EFAULT, EINVAL, ENOTSOCK, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import type {Task} from '../task.ts'
import {openFile} from './descriptor-argument.ts'
import type {Arguments, Syscall} from './syscall.ts'
import {readTimespec} from './time-argument.ts'

const SOCK_TYPE_MASK = 0xf
/** SOCK_CLOEXEC and SOCK_NONBLOCK. */
const SOCK_FLAGS = O_CLOEXEC | O_NONBLOCK
const SOCK_MAX = 11
/** Families that Linux has numbers for. */
const AF_MAX = 46
/** sizeof(struct sockaddr_storage). */
const MAX_ADDRESS = 128
/** A 32-bit program's: no flag of ours. */
const MSG_CMSG_COMPAT = 0x80000000

export const socket: Syscall = (_, args) => {
  checkTypeFlags(args)
  return makeNone(args)
}

export const socketpair: Syscall = (task, args) => {
  checkTypeFlags(args)
  if (task.memory.view(args.address(3), 4, PROT_WRITE).length < 4) throw new Errno(EFAULT)
  return makeNone(args)
}

/** bind, listen, accept, getsockname, getpeername, setsockopt, getsockopt, shutdown. */
export const onSocket: Syscall = (task, args) => refuseDescriptor(task, args)

export const accept4: Syscall = (task, args) => {
  openFile(task, args.int32(0))
  if (args.uint32(3) & ~SOCK_FLAGS) throw new Errno(EINVAL)
  return refuseDescriptor(task, args)
}

export const connect: Syscall = (task, args) => {
  openFile(task, args.int32(0))
  const length = args.int32(2)
  if (length < 0 || length > MAX_ADDRESS) throw new Errno(EINVAL)
  task.memory.readBytes(args.address(1), length)
  return refuseDescriptor(task, args)
}

/** sendto, recvfrom. */
export const transferTo: Syscall = (task, args) => {
  task.memory.check(args.address(1), Math.min(args.address(2), MAX_RW_COUNT))
  return refuseDescriptor(task, args)
}

/** sendmsg, recvmsg. */
export const transferMessage: Syscall = (task, args) => {
  checkMessageFlags(args.uint32(2))
  return refuseDescriptor(task, args)
}

export const sendmmsg: Syscall = (task, args) => {
  checkMessageFlags(args.uint32(3))
  return refuseDescriptor(task, args)
}

export const recvmmsg: Syscall = (task, args) => {
  checkMessageFlags(args.uint32(3))
  if (args.address(4) !== 0) readTimespec(task, args.address(4))
  return refuseDescriptor(task, args)
}

/** @throws Errno EINVAL, EAFNOSUPPORT */
function makeNone(args: Arguments): never {
  const family = args.int32(0)
  const isNumbered = family >= 0 && family < AF_MAX
  if (isNumbered && (args.int32(1) & SOCK_TYPE_MASK) >= SOCK_MAX) throw new Errno(EINVAL)
  throw new Errno(EAFNOSUPPORT)
}

/** @throws Errno EINVAL */
function checkTypeFlags(args: Arguments): void {
  if (args.int32(1) & ~(SOCK_TYPE_MASK | SOCK_FLAGS)) throw new Errno(EINVAL)
}

function checkMessageFlags(flags: number): void {
  if (flags & MSG_CMSG_COMPAT) throw new Errno(EINVAL)
}

/** A socket of the host's that hv was started with is a stream here, and no socket. @throws Errno EBADF, ENOTSOCK */
function refuseDescriptor(task: Task, args: Arguments): never {
  openFile(task, args.int32(0))
  throw new Errno(ENOTSOCK)
}
