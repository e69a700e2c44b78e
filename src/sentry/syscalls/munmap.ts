// munmap(2).

import type {Syscall} from '../core/syscall.ts'

export const munmap: Syscall = (task, args) => {
  task.process.memoryMap.unmap(args.address(0), args.address(1))
  return 0
}
