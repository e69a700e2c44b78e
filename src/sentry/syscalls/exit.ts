// _exit(2), exit_group(2).

import {BLOCKED, type Syscall} from '../core/syscall.ts'
import {endTask} from '../task/exit.ts'

const STATUS_BITS = 0xff

// Neither returns: the task is gone, and nothing resumes it.
export const exit: Syscall = (task, args) => {
  endTask(task, args.int32(0) & STATUS_BITS)
  return BLOCKED
}

export const exitGroup: Syscall = (task, args) => {
  task.kernel.endProcess(task.process, args.int32(0) & STATUS_BITS, undefined)
  return BLOCKED
}
