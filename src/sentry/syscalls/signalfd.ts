// signalfd(2), signalfd4(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {readSignalSet} from '../signals/signal-argument.ts'
import {SignalFdDescription} from '../signals/signalfd.ts'

export const signalfd: Syscall = (task, args) => open(task, args, 0)
export const signalfd4: Syscall = (task, args) => open(task, args, args.int32(3))

function open(task: Task, args: Arguments, flags: number): number {
  const fd = args.int32(0)
  const set = readSignalSet(task, args.address(1), args.address(2))
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) throw new Errno(EINVAL)
  if (fd === -1) return task.fds.install(new SignalFdDescription(task.kernel, set, flags), flags)

  const file = openFile(task, fd)
  if (!(file instanceof SignalFdDescription)) throw new Errno(EINVAL)
  file.change(set)
  return fd
}
