// mq_getsetattr(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {MQ_ATTR_BYTES} from '../../abi/ipc.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import {encodeLongs} from '../ipc/ipc-control.ts'
import type {PosixQueueDescription} from '../ipc/posix-queue-description.ts'
import {queueFile} from '../ipc/posix-queue-description.ts'

export const mqGetsetattr: Syscall = (task, args) => {
  const [newAddress, oldAddress] = [args.address(1), args.address(2)]
  const flags = newAddress === 0 ? undefined : readFlags(task.memory.readBytes(newAddress, MQ_ATTR_BYTES))
  const file = queueFile(task, args.int32(0))
  const old = encode(file)
  if (flags !== undefined) file.flags = (file.flags & ~O_NONBLOCK) | flags
  if (oldAddress !== 0) task.memory.writeBytes(oldAddress, old)
  return 0
}

/** @throws Errno EINVAL */
function readFlags(bytes: Uint8Array): number {
  const flags = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (flags !== 0n && flags !== BigInt(O_NONBLOCK)) throw new Errno(EINVAL)
  return Number(flags)
}

function encode({flags, inode}: PosixQueueDescription): Uint8Array {
  const {mostMessages, messageBytes, count} = inode
  return encodeLongs(MQ_ATTR_BYTES, [flags & O_NONBLOCK, mostMessages, messageBytes, count])
}
