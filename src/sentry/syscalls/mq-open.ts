// mq_open(3), mq_unlink(3): the system calls, whose names have no leading slash.

import {EACCES, ENAMETOOLONG, ENOENT, Errno} from '../../abi/errno.ts'
import {MQ_ATTR_BYTES} from '../../abi/ipc.ts'
import {O_ACCMODE, O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK} from '../../abi/open-flags.ts'
import {NAME_MAX} from '../../vfs/path-walk.ts'
import {RLIMIT_MSGQUEUE} from '../core/resource-limits.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readPath} from '../fd/path-argument.ts'
import type {QueueSize} from '../ipc/posix-queues.ts'

const KNOWN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_NONBLOCK

export const mqOpen: Syscall = (task, args) => {
  const size = readSize(task, args.address(3))
  const name = readName(task, args.address(0))
  const file = task.kernel.ipc.queues.open({
    name,
    flags: args.int32(1) & KNOWN_FLAGS,
    mode: args.uint32(2) & ~task.fs.umask,
    size,
    who: task.credentials,
    mostBytes: task.process.limits.get(RLIMIT_MSGQUEUE).soft,
  })
  // O_CREAT and O_EXCL are not status flags.
  file.flags &= ~(O_CREAT | O_EXCL)
  return task.fds.install(file, O_CLOEXEC)
}

export const mqUnlink: Syscall = (task, args) => {
  const name = readName(task, args.address(0))
  task.kernel.ipc.queues.unlink(name, task.credentials)
  return 0
}

/** @throws Errno EFAULT, ENOENT, EACCES, ENAMETOOLONG */
function readName(task: Task, address: number): string {
  const name = readPath(task, address)
  if (name === '') throw new Errno(ENOENT)
  if (name === '.' || name === '..' || name.includes('/')) throw new Errno(EACCES)
  if (name.length > NAME_MAX) throw new Errno(ENAMETOOLONG)
  return name
}

/** Undefined: the defaults. @throws Errno EFAULT */
function readSize({memory}: Task, address: number): QueueSize | undefined {
  if (address === 0) return undefined
  const bytes = memory.readBytes(address, MQ_ATTR_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, MQ_ATTR_BYTES)
  return {mostMessages: Number(view.getBigInt64(8, true)), messageBytes: Number(view.getBigInt64(16, true))}
}
