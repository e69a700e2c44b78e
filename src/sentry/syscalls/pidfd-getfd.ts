// pidfd_getfd(2).

import {EBADF, EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {O_CLOEXEC} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import {mayInspect} from '../task/may-inspect.ts'
import {pidFileArgument} from '../task/pidfd.ts'

export const pidfdGetfd: Syscall = (task, args) => {
  const fd = args.int32(1)
  if (args.uint32(2) !== 0) throw new Errno(EINVAL)
  const {process, thread} = pidFileArgument(task, args.int32(0))
  const target = thread ?? process.tasks[0]
  if (process.exit !== undefined || !process.tasks.includes(target)) throw new Errno(ESRCH)
  if (!mayInspect(task, process)) throw new Errno(EPERM)
  const description = target.fds.find(fd)
  if (description === undefined) throw new Errno(EBADF)
  return task.fds.duplicate(description, O_CLOEXEC)
}
