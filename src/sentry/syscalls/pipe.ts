// pipe(2), pipe2(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {openPipe} from '../../vfs/pipe.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

export const pipe: Syscall = (task, args) => makePipe(task, args.address(0), 0)
export const pipe2: Syscall = (task, args) => makePipe(task, args.address(0), args.int32(1))

function makePipe(task: Task, fdsAddress: number, flags: number): number {
  // Packet mode (O_DIRECT) is refused, as before Linux 3.4.
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) throw new Errno(EINVAL)

  const {kernel, credentials, fds, memory} = task
  const ends = openPipe(kernel.vfs, flags & O_NONBLOCK, credentials, kernel.budget)
  fds.installAll(ends, flags, (both) => memory.writeInt32s(fdsAddress, both))
  return 0
}
