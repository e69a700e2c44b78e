// A process argument: the process that a number names.

import {Errno, ESRCH} from '../../abi/errno.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'

/** 0: the caller's. @throws Errno ESRCH */
export function processArgument(task: Task, pid: number): Process {
  const process = pid === 0 ? task.process : processById(task, pid)
  if (process === undefined) throw new Errno(ESRCH)
  return process
}

/** A thread's number names its process. */
export function processById({kernel}: Task, pid: number): Process | undefined {
  return kernel.processes.get(pid) ?? kernel.tasks.get(pid)?.process
}
