// epoll_create(2), epoll_create1(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {EPOLL_CLOEXEC} from '../../abi/poll.ts'
import type {Syscall} from '../core/syscall.ts'
import {EpollDescription} from '../fd/epoll.ts'

/** The size is an obsolete hint, but must be positive. */
export const epollCreate: Syscall = (task, args) => {
  if (args.int32(0) <= 0) throw new Errno(EINVAL)
  return task.fds.install(new EpollDescription(task.kernel))
}

export const epollCreate1: Syscall = (task, args) => {
  const flags = args.uint32(0)
  if (flags & ~EPOLL_CLOEXEC) throw new Errno(EINVAL)
  return task.fds.install(new EpollDescription(task.kernel), flags)
}
