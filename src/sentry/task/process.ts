// ThreadGroup: a thread group: memory, limits, signal actions, relatives, and what /proc shows of it.

import type {Budget} from '../../vfs/budget.ts'
import type {Location} from '../../vfs/location.ts'
import type {CallTable, Handlers} from '../core/call-table.ts'
import type {Credentials} from '../core/credentials.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import type {Space} from '../memory/space.ts'
import type {Restrictions} from '../pledge/restrictions.ts'
import type {ProcessSignals} from '../signals/process-signals.ts'
import {ProcessTimers} from '../time/process-timers.ts'
import type {Job} from '../tty/job.ts'
import {publishResults} from './cached-results.ts'
import {Family} from './family.ts'
import type {ProcessAttributes} from './process-attributes.ts'
import {type Exit, ProcessEnd} from './process-end.ts'
import {ProcessUsage} from './process-usage.ts'
import type {Run} from './run.ts'

declare module '../core/process.ts' {
  interface Process extends ThreadGroup {}
}

export class ThreadGroup {
  readonly pid: number
  readonly run: Run
  readonly family: Family
  readonly job: Job
  /** Replaced by execve(2); CLONE_VM shares it. */
  space: Space
  readonly limits: ResourceLimits
  /** What it makes the sentry hold and does not give back one by one when it ends. */
  readonly budget: Budget
  readonly signals: ProcessSignals
  readonly timers = new ProcessTimers()
  readonly tasks: Task[] = []
  readonly usage: ProcessUsage
  /** The executed program: for /proc/PID/exe, cmdline, environ and auxv. */
  program: Program
  readonly attributes: ProcessAttributes
  #syscalls: CallTable
  /** Of `syscalls`: every trap looks here. */
  handlers: Handlers
  readonly restrictions: Restrictions
  /** How it ended; undefined while it lives. From then on it is a zombie, until its parent has waited for it. */
  exit: Exit | undefined
  readonly end = new ProcessEnd()

  constructor(parts: ProcessParts) {
    this.pid = parts.pid
    this.run = parts.run
    this.family = new Family(this)
    this.job = parts.job
    this.attributes = parts.attributes
    this.space = parts.space
    this.limits = parts.limits
    this.budget = parts.budget
    this.signals = parts.signals
    this.usage = new ProcessUsage(parts.startedNs, parts.space.map, this.tasks)
    this.program = parts.program
    this.restrictions = parts.restrictions
    this.#syscalls = parts.syscalls
    this.handlers = parts.syscalls.handlers
  }

  /** What its calls do. */
  get syscalls(): CallTable {
    return this.#syscalls
  }

  set syscalls(table: CallTable) {
    this.#syscalls = table
    this.handlers = table.handlers
    this.tasks.forEach(publishResults)
  }

  get memoryMap(): MemoryMap {
    return this.space.map
  }

  /** Those of its first task, or, without tasks, of its last one. */
  get credentials(): Credentials {
    return this.tasks[0]?.credentials ?? this.end.credentials!
  }
}

/** What its maker gives it: what fork(2) inherits is a copy of the parent's, or shared with it. */
export type ProcessParts = Pick<
  ThreadGroup,
  | 'pid'
  | 'run'
  | 'job'
  | 'space'
  | 'limits'
  | 'budget'
  | 'signals'
  | 'program'
  | 'attributes'
  | 'syscalls'
  | 'restrictions'
> & {
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly startedNs: number
}

/** Byte strings, as the stack holds them. */
export interface Program {
  readonly executable: Location | undefined
  readonly path: string
  readonly argv: readonly string[]
  readonly envp: readonly string[]
  readonly auxv: Uint8Array
  /** An address in the vDSO that signal handlers return to if a program names none; 0 for none. */
  readonly signalTrampoline: number
}
