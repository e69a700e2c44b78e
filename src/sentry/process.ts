// Process: a thread group: memory, limits, signal actions, and what /proc says of it.

import type {AddressSpace} from '../platform/platform.ts'
import type {Budget} from '../vfs/budget.ts'
import type {Location} from '../vfs/location.ts'
import type {PathPolicy} from '../vfs/path-policy.ts'
import {type CallTable, initialCallTable} from './call-table.ts'
import type {MemoryMap} from './memory/memory-map.ts'
import type {BrokenPledge} from './pledge/broken-pledge.ts'
import type {Pledge} from './pledge/pledge.ts'
import type {Promises} from './pledge/promises.ts'
import type {Veil} from './pledge/veil.ts'
import type {ResourceLimits} from './resource-limits.ts'
import type {ProcessSignals} from './signals/process-signals.ts'
import type {Task} from './task.ts'
import type {Terminal} from './tty/terminal.ts'

/** Anonymous memory, ELF headers, private huge pages. */
const DEFAULT_DUMP_FILTER = 0x33

export class Process {
  readonly pid: number
  /** The parent's pid; 0 for the first process. */
  parentPid = 0
  processGroup: number
  session: number
  readonly space: AddressSpace
  readonly memoryMap: MemoryMap
  readonly limits: ResourceLimits
  /** What it makes the sentry hold that nothing gives back one by one when it ends. */
  readonly budget: Budget
  readonly signals: ProcessSignals
  readonly tasks: Task[] = []
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly startedNs: number
  /** How long the kernel had slept by then, nanoseconds. */
  sleptBeforeNs = 0
  /** What was executed: for /proc/PID/exe, cmdline, environ and auxv. */
  program: Program
  /** The terminal that controls its session. */
  terminal: Terminal | undefined
  personality = 0
  /** What its calls do. */
  syscalls: CallTable = initialCallTable()
  /** What it has promised (pledge), and what of the tree it sees (unveil): absent until it is restricted. */
  pledge: Pledge | undefined
  veil: Veil | undefined
  execPromises: Promises | undefined
  /** Of the two, and of who records what it needs: applyPathPolicies. */
  pathPolicy: PathPolicy | undefined
  recorder: PathPolicy | undefined
  /** /proc/PID/oom_score_adj, and the least that it may be set to without CAP_SYS_RESOURCE. */
  oomScoreAdj = 0
  leastOomScoreAdj = 0
  /** /proc/PID/coredump_filter: core(5). */
  coredumpFilter = DEFAULT_DUMP_FILTER
  /** membarrier(2): MEMBARRIER_CMD_REGISTER_*. */
  membarriers = 0
  /** prctl(PR_SET_DUMPABLE), (PR_SET_NO_NEW_PRIVS) … live with their call. */
  readonly attributes = new Map<string, number>()
  /** How it ended; undefined while it lives. */
  exit: Exit | undefined
  /** Why, if it was for a broken promise. */
  broken: BrokenPledge | undefined
  /** Why, if it was for something that it made the sentry hold: what V8 said. */
  outgrown: string | undefined

  constructor(parts: ProcessParts) {
    this.pid = parts.pid
    this.processGroup = parts.pid
    this.session = parts.pid
    this.space = parts.space
    this.memoryMap = parts.memoryMap
    this.limits = parts.limits
    this.budget = parts.budget
    this.signals = parts.signals
    this.startedNs = parts.startedNs
    this.program = parts.program
  }
}

export type ProcessParts = Pick<
  Process,
  'pid' | 'space' | 'memoryMap' | 'limits' | 'budget' | 'signals' | 'startedNs' | 'program'
>

/** Byte strings, as the stack holds them. */
export interface Program {
  readonly executable: Location | undefined
  readonly path: string
  readonly argv: readonly string[]
  readonly envp: readonly string[]
  readonly auxv: Uint8Array
  /** In the vDSO: what signal handlers return to where a program does not say; 0 for none. */
  readonly signalTrampoline: number
}

/** Exactly one of the two is a number. */
export interface Exit {
  readonly code: number | undefined
  readonly signal: number | undefined
}
