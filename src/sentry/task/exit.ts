// The end of tasks and processes: exit(2), death by a signal, and what happens to those left behind: exit_notify in Linux.

import {killInfo, SI_USER} from '../../abi/siginfo.ts'
import {SIGCHLD} from '../../abi/signal.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {releaseSeccomp} from '../seccomp/filter.ts'
import {leaveJobs} from '../tty/groups.ts'
import {publishResults} from './cached-results.ts'
import {tellParentOfEnd} from './child-news.ts'
import {type EndedTask, type Exit, wasOutOfMemory} from './process-end.ts'
import {releaseThreadWords} from './thread-words.ts'
import {endTracing} from './tracing.ts'

/** exit(2): the last task of a process ends the process, with its status. */
export function endTask(task: Task, code: number): void {
  const {kernel, process} = task
  if (process.tasks.length > 1) {
    removeTask(kernel, task, code)
    process.family.departed.wakeAll()
  } else kernel.endProcess(process, code, undefined)
}

/** exit_group(2), or death by a signal. None of its tasks ever runs again: those that run are stopped before anything is freed. */
export function endProcess(kernel: Kernel, process: Process, exit: Exit): void {
  if (process.exit !== undefined) return
  process.exit = exit
  // The starter of the run handles what it has left.
  if (process.run.first === process) kernel.pause()
  kernel.tracer?.exited(process)
  kernel.debugging?.ended(process)
  for (const task of [...process.tasks].reverse()) removeTask(kernel, task)
  process.usage.memory.end()
  if (wasOutOfMemory(process)) for (const observer of kernel.observers) observer.outOfMemory?.(process)
  process.timers.end()
  process.signals.end()
  kernel.ipc.forget(process)
  process.space.release()
  process.budget.giveAll()
  const reaper = reaperOf(kernel, process)
  leaveJobs(kernel.processes, process, reaper)
  leaveChildren(kernel, process, reaper)
  process.family.departed.wakeAll()
  tellParentOfEnd(kernel, process)
}

/** The task is gone; its process goes on, or is about to end. @param code what the task returned, if it ended by itself */
export function removeTask(kernel: Kernel, task: Task, code?: number): void {
  const {process} = task
  endTracing(task)
  kernel.forget(task)
  kernel.debugging?.left(task, code)
  releaseThreadWords(task)
  process.usage.addEnded(task)
  process.end.credentials = task.credentials
  if (task.tid === process.pid) process.end.firstTask = remainsOf(task)
  process.tasks.splice(process.tasks.indexOf(task), 1)
  task.signals.detach()
  task.unshareSemaphoreUndo()
  releaseSeccomp(task.seccomp)
  task.fds.release()
  task.fs.release()
  task.context.dispose()
}

/** prctl(2), PR_SET_PDEATHSIG: sent as if by the parent. */
function tellOfDeath(parent: Process, {family, signals}: Process): void {
  const signal = family.parentDeathSignal
  signals.raise(signal, killInfo(signal, SI_USER, parent.pid, parent.credentials.ruid))
}

function remainsOf({name, credentials, scheduling, switches, cpuNs, systemTime}: Task): EndedTask {
  return {name, credentials, scheduling, switches, cpuNs, systemTime}
}

/** Orphans go to the nearest ancestor that asked for them (PR_SET_CHILD_SUBREAPER), or to init. */
function leaveChildren(kernel: Kernel, process: Process, reaper: Process): void {
  for (const child of [...process.family.children]) {
    reaper.family.adopt(child)
    child.tasks.forEach(publishResults)
    child.family.exitSignal = SIGCHLD
    if (child.exit !== undefined) tellParentOfEnd(kernel, child)
    else if (child.family.parentDeathSignal !== 0) tellOfDeath(process, child)
  }
}

function reaperOf(kernel: Kernel, process: Process): Process {
  for (let ancestor = process.family.parent; ancestor !== undefined; ancestor = ancestor.family.parent) {
    if (ancestor.family.isSubreaper && ancestor.exit === undefined) return ancestor
  }
  return kernel.init
}
