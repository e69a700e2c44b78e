// register: a new task becomes one of its process, and both of the kernel's.

import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {tellParentOfJobs} from './child-news.ts'

/** From now on the guest sees it. */
export function register(kernel: Kernel, process: Process, task: Task): void {
  kernel.started++
  process.run.counters.countStart(process.tasks.length === 0)
  kernel.processes.set(process.pid, process)
  process.tasks.push(task)
  kernel.tasks.set(task.tid, task)
  task.signals.attach(task)
  tellParentOfJobs(process)
}
