// eventfd(2), eventfd2(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {EFD_SEMAPHORE} from '../../abi/fcntl.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {EventFdDescription} from '../../vfs/eventfd.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

export const eventfd: Syscall = (task, args) => makeEventfd(task, args.uint32(0), 0)
export const eventfd2: Syscall = (task, args) => makeEventfd(task, args.uint32(0), args.uint32(1))

function makeEventfd(task: Task, initial: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE)) throw new Errno(EINVAL)
  const isSemaphore = (flags & EFD_SEMAPHORE) !== 0
  const file = new EventFdDescription(task.kernel.vfs, initial, flags & O_NONBLOCK, isSemaphore)
  return task.fds.install(file, flags & O_CLOEXEC)
}
