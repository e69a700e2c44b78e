// ThreadGroup: a thread group: memory, limits, signal actions, relatives, and what /proc shows of it.

import {SIGCHLD} from '../../abi/signal.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {Location} from '../../vfs/location.ts'
import type {PathPolicy} from '../../vfs/path-policy.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {CallTable, Handlers} from '../core/call-table.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Process} from '../core/process.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import type {Space} from '../memory/space.ts'
import type {Pledge} from '../pledge/pledge.ts'
import type {Promises} from '../pledge/promises.ts'
import type {PromiseRecorder} from '../pledge/recorder.ts'
import type {UnveilRules} from '../pledge/unveil-rules.ts'
import type {ProcessSignals} from '../signals/process-signals.ts'
import {ProcessTimers} from '../time/process-timers.ts'
import type {Terminal} from '../tty/terminal.ts'
import {tellKnown} from './known-calls.ts'
import {ProcessAttributes} from './process-attributes.ts'
import {type Exit, ProcessEnd} from './process-end.ts'
import {ProcessUsage} from './process-usage.ts'
import type {Run} from './run.ts'
import type {Tracing} from './tracing.ts'

declare module '../core/process.ts' {
  interface Process extends ThreadGroup {}
}

export class ThreadGroup {
  readonly pid: number
  readonly run: Run
  #parent: Process | undefined
  readonly #children = new Set<Process>()
  /** What its tasks trace. */
  readonly tracees = new Set<Tracing>()
  /** Woken when a child ended, stopped or continued, or a tracee stopped: wait(2). */
  readonly childNews = new WaitQueue()
  /** The signal that the parent gets when this ends; 0: none. */
  exitSignal = SIGCHLD
  processGroup: number
  session: number
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
  /** The terminal that controls its session. */
  terminal: Terminal | undefined
  /** For a session leader whose terminal hung up: the group to tell when the leader ends. */
  hungUpGroup: number | undefined
  readonly attributes: ProcessAttributes
  #syscalls: CallTable
  /** Of `syscalls`: every trap looks here. */
  handlers: Handlers
  /** Its promises (pledge), and the part of the tree that it sees (unveil): absent until it is restricted. */
  pledge: Pledge | undefined
  unveilRules: UnveilRules | undefined
  execPromises: Promises | undefined
  /** Combines both, and the recorder of what it needs: applyPathPolicies. */
  pathPolicy: PathPolicy | undefined
  recorder: PromiseRecorder | undefined
  // prctl(2): PR_SET_PDEATHSIG, CHILD_SUBREAPER.
  parentDeathSignal = 0
  isSubreaper = false
  /** A child of vfork(2) that uses its parent's memory, until it executes or ends. */
  isBorrowing = false
  /** It has called execve(2): its parent can no longer change its group. */
  hasExecuted = false
  /** How it ended; undefined while it lives. From then on it is a zombie, until its parent has waited for it. */
  exit: Exit | undefined
  /** Woken at its end, when it was waited for, at the end of one of its threads, and execve(2): for vfork(2)'s caller, and pidfds. */
  readonly departed = new WaitQueue()
  /** What wait(2) has still to report besides its end: the signal that stopped it, or SIGCONT. */
  stopNews: number | undefined
  readonly end = new ProcessEnd()

  constructor(parts: ProcessParts) {
    this.pid = parts.pid
    this.run = parts.run
    const {origin} = parts
    this.processGroup = origin?.processGroup ?? parts.pid
    this.session = origin?.session ?? parts.pid
    this.terminal = origin?.terminal
    this.attributes = origin?.attributes.copy() ?? new ProcessAttributes()
    this.space = parts.space
    this.limits = parts.limits
    this.budget = parts.budget
    this.signals = parts.signals
    this.usage = new ProcessUsage(parts.startedNs, parts.space.map, this.tasks)
    this.program = parts.program
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
    this.tasks.forEach(tellKnown)
  }

  /** Undefined for init alone, and for a zombie that was waited for. */
  get parent(): Process | undefined {
    return this.#parent
  }

  get parentPid(): number {
    return this.#parent?.pid ?? 0
  }

  get children(): ReadonlySet<Process> {
    return this.#children
  }

  /** Becomes the parent of a new process, or of an orphan. */
  adopt(child: Process): void {
    child.#parent?.disown(child)
    child.#parent = this
    this.#children.add(child)
  }

  /** The child is gone. */
  disown(child: Process): void {
    this.#children.delete(child)
    child.#parent = undefined
  }

  get memoryMap(): MemoryMap {
    return this.space.map
  }

  /** Those of its first task, or, without tasks, of its last one. */
  get credentials(): Credentials {
    return this.tasks[0]?.credentials ?? this.end.credentials!
  }
}

export type ProcessParts = Pick<
  ThreadGroup,
  'pid' | 'run' | 'space' | 'limits' | 'budget' | 'signals' | 'program' | 'syscalls'
> & {
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly startedNs: number
  /** Whose session, terminal and attributes it has. Absent: it leads a session, and the attributes are Linux's first ones. */
  readonly origin?: Process
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
