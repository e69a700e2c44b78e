// The state of a task: its letter in /proc/PID/stat (man 5 proc_pid_stat), and how many tasks run or want to.

import type {Kernel} from '../core/kernel.ts'
import type {Task} from '../core/task.ts'

/** @param task undefined: it has ended, and its parent has not waited for it, or other tasks of its process go on */
export function stateOf(kernel: Kernel, task: Task | undefined): string {
  if (task === undefined) return 'Z'
  // Init waits for its children.
  if (task.process === kernel.init) return 'S'
  if (task.tracing?.stop !== undefined) return 't'
  if (task.process.signals.stopped) return 'T'
  return isRunnable(task) ? 'R' : task.wait?.onlyKillable ? 'D' : 'S'
}

/** It has a CPU, or waits for one. */
function isRunnable({wait, kernel, process, tracing}: Task): boolean {
  if (process === kernel.init || process.signals.stopped || tracing?.stop !== undefined) return false
  if (wait === undefined) return true
  // Its time is over, or its call works in slices.
  return wait.deadlineNs !== undefined && wait.deadlineNs <= kernel.monotonicNs()
}

export function countRunnable(tasks: Iterable<Task>): number {
  let count = 0
  for (const task of tasks) if (isRunnable(task)) count++
  return count
}
