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

  const [reader, writer] = openPipe(task.kernel.vfs, flags & O_NONBLOCK, task.credentials, task.kernel.budget)
  let readFd: number
  try {
    readFd = task.fds.install(reader, flags)
  } catch (error) {
    writer.close()
    throw error
  }
  let writeFd = -1
  try {
    writeFd = task.fds.install(writer, flags)
    task.memory.writeInt32s(fdsAddress, [readFd, writeFd])
  } catch (error) {
    // Linux leaves no descriptors behind when the copy-out faults.
    if (writeFd >= 0) task.fds.remove(writeFd)
    task.fds.remove(readFd)
    throw error
  }
  return 0
}
