// ioctl(2): what holds for any descriptor; the rest is the file's.

import {FIOCLEX, FIONBIO, FIONCLEX} from '../../abi/ioctl.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {openFile} from './descriptor-argument.ts'
import type {Syscall} from './syscall.ts'

export const ioctl: Syscall = (task, args) => {
  const fd = args.int32(0)
  const request = args.uint32(1)
  const argument = args.address(2)
  const file = openFile(task, fd)
  switch (request) {
    case FIOCLEX:
      task.fds.setCloseOnExec(fd, true)
      return 0
    case FIONCLEX:
      task.fds.setCloseOnExec(fd, false)
      return 0
    case FIONBIO:
      if (task.memory.readInt32(argument) === 0) file.flags &= ~O_NONBLOCK
      else file.flags |= O_NONBLOCK
      return 0
    default:
      return file.ioctl(request, argument, task.memory.ioctl)
  }
}
