// umask(2).

import type {Syscall} from '../core/syscall.ts'

export const umask: Syscall = (task, args) => {
  const previous = task.fs.umask
  task.fs.umask = args.int32(0) & 0o777
  return previous
}
