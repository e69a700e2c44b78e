// Pids: numbers for processes, tasks and their groups, and the limit on tasks.

import {EAGAIN, Errno} from '../../abi/errno.ts'
import type {Kernel} from '../core/kernel.ts'

/** /proc/sys/kernel/pid_max: the default on machines with few processors. */
export const MAX_PID = 32_768
/** Where numbers start again: those below belong to what a system starts with. */
const FIRST_REUSED_PID = 300
/** Init's. */
const FIRST_PID = 1
/** The most that `maxTasks` may be. Half of the pids stay for zombies, groups and sessions. */
export const MAX_TASKS = MAX_PID / 2
/** Unless `maxTasks` is given. */
export const DEFAULT_MAX_TASKS = 1024

export class Pids {
  readonly #kernel: Pick<Kernel, 'processes' | 'tasks'>
  readonly maxTasks: number
  /** Called each time the limit is reached. */
  onFull: (() => void) | undefined
  #next = FIRST_PID
  /** The last number given. */
  last = 0

  constructor(kernel: Pick<Kernel, 'processes' | 'tasks'>, maxTasks = DEFAULT_MAX_TASKS) {
    this.#kernel = kernel
    this.maxTasks = Math.min(maxTasks, MAX_TASKS)
  }

  /** @throws Errno EAGAIN when there are too many tasks, or zombies */
  take(): number {
    const {tasks, processes} = this.#kernel
    // A zombie has a pid but no task. Init has one of each, and is not counted.
    if (Math.max(tasks.size, processes.size) > this.maxTasks) {
      this.onFull?.()
      throw new Errno(EAGAIN)
    }
    while (this.#isUsed(this.#next)) this.#advance()
    const pid = this.#next
    this.#advance()
    this.last = pid
    return pid
  }

  /** As if only init's had been given. */
  startAnew(): void {
    this.last = FIRST_PID
    this.#next = FIRST_PID + 1
  }

  #advance(): void {
    this.#next = this.#next + 1 < MAX_PID ? this.#next + 1 : FIRST_REUSED_PID
  }

  /** By a process, a task, or as the number of a group or session whose leader is gone. */
  #isUsed(pid: number): boolean {
    const {tasks, processes} = this.#kernel
    if (tasks.has(pid) || processes.has(pid)) return true
    for (const {job} of processes.values()) {
      if (job.group === pid || job.session === pid) return true
    }
    return false
  }
}
