// socket(2), socketpair(2).

import {EFAULT, EINVAL, Errno} from '../../abi/errno.ts'
import {AF_INET, AF_INET6, AF_PACKET, SOCK_FLAGS, SOCK_TYPE_MASK} from '../../abi/socket.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {installSocket} from '../net/socket-description.ts'

const NETWORKS: readonly number[] = [AF_INET, AF_INET6, AF_PACKET]
/** int[2]. */
const PAIR_BYTES = 8

export const socket: Syscall = (task, args) => {
  const flags = typeFlags(args)
  const {socketFamilies: families} = task.kernel
  const family = args.int32(0)
  // A program that needs a network fails for the lack of one.
  if (NETWORKS.includes(family) && families.find(family) === undefined) {
    task.process.run.counters.countRefused(task.context.callNumber)
  }
  return installSocket(task, families.create(family, typeOf(args), args.int32(2)), flags)
}

export const socketpair: Syscall = (task, args) => {
  const flags = typeFlags(args)
  const address = args.address(3)
  checkPair(task, address)
  const pair = task.kernel.socketFamilies.createPair(task, args.int32(0), typeOf(args), args.int32(2))
  const fds: number[] = []
  try {
    for (const each of pair) fds.push(installSocket(task, each, flags))
    task.memory.writeInt32s(address, fds)
  } catch (error) {
    for (const fd of fds) task.fds.remove(fd)
    for (const each of pair) each.close()
    throw error
  }
  return 0
}

/** Linux stores the numbers before it makes the sockets. @throws Errno EFAULT */
function checkPair({memory}: Task, address: number): void {
  const views = memory.views(address, PAIR_BYTES, PROT_WRITE)
  if (views.reduce((sum, {length}) => sum + length, 0) < PAIR_BYTES) throw new Errno(EFAULT)
}

function typeOf(args: Arguments): number {
  return args.int32(1) & SOCK_TYPE_MASK
}

/** @throws Errno EINVAL */
function typeFlags(args: Arguments): number {
  const flags = args.int32(1) & ~SOCK_TYPE_MASK
  if (flags & ~SOCK_FLAGS) throw new Errno(EINVAL)
  return flags
}
