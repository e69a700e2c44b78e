// close(2).

import type {Syscall} from '../core/syscall.ts'

export const close: Syscall = (task, args) => {
  task.fds.remove(args.int32(0))
  return 0
}
