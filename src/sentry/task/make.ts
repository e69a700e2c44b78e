// Makes processes and tasks, and makes them known: the same way for clone(2), a program that is started from outside, and init.

import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {ProcessSignals} from '../signals/process-signals.ts'
import type {SignalHandlers} from '../signals/signal-handlers.ts'
import {TaskSignals} from '../signals/task-signals.ts'
import {tellParentOfJobs} from './child-news.ts'
import {type ProcessParts, ThreadGroup} from './process.ts'
import {GuestThread, type TaskParts} from './task.ts'

type NewProcess = Omit<ProcessParts, 'signals' | 'startedNs'> & {
  /** Absent: every signal has its default action. */
  readonly handlers?: SignalHandlers
}

/** It has no parent and no tasks yet, and the kernel does not know it. */
export function makeProcess(kernel: Kernel, {handlers, ...parts}: NewProcess): Process {
  const signals = new ProcessSignals(parts.limits, parts.budget, handlers)
  return new ThreadGroup({...parts, signals, startedNs: kernel.monotonicNs()})
}

/** It does not run before `kernel.start`. */
export function makeTask(parts: Omit<TaskParts, 'signals'>): Task {
  return new GuestThread({...parts, signals: new TaskSignals(parts.process.signals)})
}

/** From now on the guest sees the task: as one of its process, and both as the kernel's. */
export function register(kernel: Kernel, process: Process, task: Task): void {
  kernel.started++
  process.run.counters.countStart(process.tasks.length === 0)
  kernel.processes.set(process.pid, process)
  process.tasks.push(task)
  kernel.tasks.set(task.tid, task)
  task.signals.attach(task)
  tellParentOfJobs(process)
}
