// struct msghdr: the argument of sendmsg(2) and recvmsg(2).

import {EINVAL, EMSGSIZE, Errno} from '../../abi/errno.ts'
import {MAX_ADDRESS, MSG_CMSG_COMPAT, MSGHDR} from '../../abi/socket.ts'
import type {Iovec} from '../core/iovec.ts'
import type {Task} from '../core/task.ts'
import {UIO_MAXIOV} from '../memory/user-memory.ts'

export interface MessageHeader {
  /** Its address in the guest. */
  readonly address: number
  /** 0: no name. */
  readonly name: number
  readonly nameLength: number
  readonly ranges: readonly Iovec[]
  readonly control: number
  readonly controlLength: number
}

/** @throws Errno EFAULT, EINVAL, EMSGSIZE */
export function readHeader({memory}: Task, address: number): MessageHeader {
  const name = memory.readUint64(address + MSGHDR.name)
  const nameLength = name === 0 ? 0 : memory.readInt32(address + MSGHDR.nameLength)
  const iov = memory.readUint64(address + MSGHDR.iov)
  const iovLength = memory.readUint64(address + MSGHDR.iovLength)
  const control = memory.readUint64(address + MSGHDR.control)
  const controlLength = memory.readUint64(address + MSGHDR.controlLength)
  if (nameLength < 0) throw new Errno(EINVAL)
  if (iovLength > UIO_MAXIOV) throw new Errno(EMSGSIZE)
  return {
    ...{address, name, nameLength: Math.min(nameLength, MAX_ADDRESS)},
    ...{ranges: memory.readIovecs(iov, iovLength), control, controlLength},
  }
}

/** @throws Errno EINVAL */
export function checkMessageFlags(flags: number): void {
  if (flags & MSG_CMSG_COMPAT) throw new Errno(EINVAL)
}
