// GuestThread: one guest thread: its registers, and what clone(2) may share with others (descriptors, directories, memory).

import type {Context} from '../../platform/platform.ts'
import type {Credentials} from '../core/credentials.ts'
import {FrameArguments} from '../core/frame-arguments.ts'
import type {Kernel} from '../core/kernel.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {Process} from '../core/process.ts'
import {type Arguments, BLOCKED} from '../core/syscall.ts'
import type {Wait} from '../core/wait.ts'
import type {FdTable} from '../fd/fd-table.ts'
import type {FsContext} from '../fd/fs-context.ts'
import type {SemaphoreUndo} from '../ipc/semaphore-undo.ts'
import type {UserMemory} from '../memory/user-memory.ts'
import type {Seccomp} from '../seccomp/filter.ts'
import type {TaskSignals} from '../signals/task-signals.ts'
import type {CallInputs} from './cached-results.ts'
import type {Scheduling} from './cpu/scheduling.ts'
import {SystemTime} from './cpu/system-time.ts'
import type {Tracing} from './tracing.ts'

declare module '../core/task.ts' {
  interface Task extends GuestThread {}
}

export class GuestThread {
  tid: number
  readonly kernel: Kernel
  readonly process: Process
  readonly context: Context
  /** Of the current call, until its handler returns. */
  readonly arguments: Arguments
  fds: FdTable
  fs: FsContext
  readonly signals: TaskSignals
  credentials: Credentials
  /** comm: at most 15 bytes. */
  name: string
  /** set_tid_address(2): a word that is cleared, and a futex that is woken, when the task ends and others still use its memory. */
  clearChildTid = 0
  /** set_robust_list(2). */
  robustList = {head: 0, length: 0}
  /** What its end undoes to semaphores. */
  semaphoreUndo: SemaphoreUndo | undefined
  /** What `publishResults` told its program. */
  published: CallInputs | undefined
  /** Set when hv refuses a call that leads out of the sandbox, for a trace: the entry of --allow-net that would allow it, or ''. */
  refusal: string | undefined
  /** seccomp(2): which calls it may make. */
  seccomp: Seccomp
  /** Who traces it, by ptrace(2). */
  tracing: Tracing | undefined
  /** The blocked call, if any. */
  wait: Wait | undefined
  /** What it holds open until it ends. */
  #held: readonly OpenDescription[] | undefined
  /** How long it was on a CPU, or answered, up to the last time it left one: nanoseconds. */
  cpuNs = 0
  readonly systemTime = new SystemTime()
  /** CLOCK_MONOTONIC nanoseconds; 0: it is on no CPU. */
  onCpuSinceNs = 0
  /** When its turn is over, if others wait for theirs: CLOCK_MONOTONIC nanoseconds. */
  sliceEndNs = 0
  /** The key of the run queue: CPU time, less a small bonus for having slept. */
  virtualNs = 0
  /** How often it gave up its CPU, and how often of those its slice was over. */
  readonly switches = {all: 0, forced: 0}
  /** Its policy, nice value and CPUs. */
  scheduling: Scheduling

  constructor(parts: TaskParts) {
    this.tid = parts.tid
    this.kernel = parts.kernel
    this.process = parts.process
    this.context = parts.context
    this.context.owner = this
    this.arguments = new FrameArguments(parts.context.argumentWords)
    this.fds = parts.fds
    this.fs = parts.fs
    this.signals = parts.signals
    this.credentials = parts.credentials
    this.name = parts.name
    this.scheduling = parts.scheduling
  }

  /** The only thing that follows the guest's pointers. */
  get memory(): UserMemory {
    return this.process.space.user
  }

  /** From now on no other task shares its descriptors. @throws Errno ENFILE */
  unshareFds(): void {
    this.fds = unshared(this.fds)
  }

  /** From now on no other task shares its directories and its umask. */
  unshareFs(): void {
    this.fs = unshared(this.fs)
  }

  /** From now on it shares no semaphore adjustments. If no other task did, they are made now, as at its end. */
  unshareSemaphoreUndo(): void {
    this.semaphoreUndo?.release(this.process.pid)
    this.semaphoreUndo = undefined
  }

  /** @param nowNs CLOCK_MONOTONIC */
  cpuTimeNs(nowNs: number): number {
    return this.onCpuSinceNs === 0 ? this.cpuNs : this.cpuNs + nowNs - this.onCpuSinceNs
  }

  /** Puts the current call to sleep. A handler ends with `return task.block({…})`. */
  block<Progress>(wait: Wait<Progress>): number {
    this.wait = wait
    this.#held ??= holdFiles(this, wait)
    return BLOCKED
  }

  /** The blocked call has ended, or the task has. */
  releaseHeld(): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) for (const description of held) description.release()
  }
}

export type TaskParts = Pick<
  GuestThread,
  'tid' | 'kernel' | 'process' | 'context' | 'fds' | 'fs' | 'signals' | 'credentials' | 'name' | 'scheduling'
>

/**
 * Takes a reference to each open file that the task's call names: by its arguments, or in the list that poll(2) and select(2)
 * wait for. It stays open until the call ends, whoever closes the descriptors (fdget in Linux). A call that does not block needs none: nothing else runs before it ends.
 */
function holdFiles({context, arguments: args, fds, process}: GuestThread, {files}: Wait): OpenDescription[] {
  const held: OpenDescription[] = []
  for (const index of process.syscalls.descriptorArguments(context.callNumber)) {
    const description = fds.find(args.int32(index))
    if (description !== undefined) held.push(description)
  }
  for (const {description} of files ?? []) if (description !== undefined) held.push(description)
  for (const description of held) description.references++
  return held
}

interface Shareable<Own> {
  readonly isShared: boolean
  copy(): Own
  release(): void
}

/** What its task has alone: a copy, if others have it, too. */
function unshared<Own extends Shareable<Own>>(given: Own): Own {
  if (!given.isShared) return given
  const own = given.copy()
  given.release()
  return own
}
