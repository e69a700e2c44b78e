// dup(2), dup2(2), dup3(2).

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

export const dup: Syscall = (task, args) => task.fds.duplicate(task.fds.description(args.int32(0)))

export const dup2: Syscall = (task, args) => {
  const oldFd = args.int32(0)
  const newFd = args.int32(1)
  if (oldFd !== newFd) return duplicate(task, oldFd, newFd, 0)
  task.fds.description(oldFd)
  return newFd
}

export const dup3: Syscall = (task, args) => {
  const oldFd = args.int32(0)
  const newFd = args.int32(1)
  const flags = args.int32(2)
  if (flags & ~O_CLOEXEC || oldFd === newFd) throw new Errno(EINVAL)
  return duplicate(task, oldFd, newFd, flags)
}

function duplicate(task: Task, oldFd: number, newFd: number, flags: number): number {
  if (newFd < 0) throw new Errno(EBADF)
  task.fds.replace(newFd, task.fds.description(oldFd), flags)
  return newFd
}
