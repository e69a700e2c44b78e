// pidfd_open(2).

import {EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import {O_CLOEXEC, O_EXCL, O_NONBLOCK} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {PidFdDescription} from '../task/pidfd.ts'

const PIDFD_NONBLOCK = O_NONBLOCK
const PIDFD_THREAD = O_EXCL

export const pidfdOpen: Syscall = (task, args) => {
  const pid = args.int32(0)
  const flags = args.uint32(1)
  if (flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD) || pid <= 0) throw new Errno(EINVAL)
  return task.fds.install(open(task, pid, flags), O_CLOEXEC)
}

/** @throws Errno ESRCH; EINVAL: a thread other than its process's first */
function open({kernel}: Task, pid: number, flags: number): PidFdDescription {
  const thread = kernel.tasks.get(pid)
  const process = kernel.processes.get(pid)
  if (thread !== undefined && flags & PIDFD_THREAD)
    return new PidFdDescription(kernel.vfs, thread.process, flags, thread)
  if (process !== undefined) return new PidFdDescription(kernel.vfs, process, flags)
  throw new Errno(thread === undefined ? ESRCH : EINVAL)
}
