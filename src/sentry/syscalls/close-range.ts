// close_range(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE} from '../../abi/fcntl.ts'
import type {Syscall} from '../core/syscall.ts'

export const closeRange: Syscall = (task, args) => {
  const first = args.uint32(0)
  const last = args.uint32(1)
  const flags = args.uint32(2)
  if (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE) || last < first) throw new Errno(EINVAL)
  if (flags & CLOSE_RANGE_UNSHARE) task.unshareFds()
  for (const [fd] of [...task.fds.entries()]) {
    if (fd < first || fd > last) continue
    if (flags & CLOSE_RANGE_CLOEXEC) task.fds.setCloseOnExec(fd, true)
    else task.fds.remove(fd)
  }
  return 0
}
