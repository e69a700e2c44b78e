// A process or task argument: the process or the task that a number names.

import {EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import type {Process} from '../core/process.ts'
import type {Arguments} from '../core/syscall.ts'
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

/** @throws Errno ESRCH */
export function taskOf(task: Task, tid: number): Task {
  const found = tid === 0 ? task : task.kernel.tasks.get(tid)
  if (found === undefined) throw new Errno(ESRCH)
  return found
}

/** The task that a call's first argument names. @throws Errno EINVAL, ESRCH */
export function targetOf(task: Task, args: Arguments): Task {
  const tid = args.int32(0)
  if (tid < 0) throw new Errno(EINVAL)
  return taskOf(task, tid)
}
