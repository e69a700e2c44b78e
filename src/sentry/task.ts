// Task: one guest thread: its registers, and what clone(2) may share with others (descriptors, directories, memory).

import type {Context} from '../platform/platform.ts'
import type {Credentials} from './credentials.ts'
import type {FdTable} from './fd-table.ts'
import {FrameArguments} from './frame-arguments.ts'
import type {FsContext} from './fs-context.ts'
import type {Kernel} from './kernel.ts'
import type {UserMemory} from './memory/user-memory.ts'
import type {Process} from './process.ts'
import type {TaskSignals} from './signals/task-signals.ts'
import {type Arguments, BLOCKED} from './syscalls/syscall.ts'
import type {Wait} from './wait.ts'

export class Task {
  readonly tid: number
  readonly kernel: Kernel
  readonly process: Process
  readonly context: Context
  /** Of the current call, until its handler returns. */
  readonly arguments: Arguments
  /** Follows the guest's pointers: the only thing that does. */
  readonly memory: UserMemory
  readonly fds: FdTable
  readonly fs: FsContext
  readonly signals: TaskSignals
  credentials: Credentials
  /** comm: at most 15 bytes. */
  name: string
  /** set_tid_address(2): of use only where another thread outlives this one, and there is one so far. */
  clearChildTid = 0
  /** set_robust_list(2). */
  robustList = {head: 0, length: 0}
  /** The blocked call, if any. */
  wait: Wait | undefined

  constructor(parts: TaskParts) {
    this.tid = parts.tid
    this.kernel = parts.kernel
    this.process = parts.process
    this.context = parts.context
    this.arguments = new FrameArguments(parts.context.argumentWords)
    this.memory = parts.memory
    this.fds = parts.fds
    this.fs = parts.fs
    this.signals = parts.signals
    this.credentials = parts.credentials
    this.name = parts.name
  }

  /** Puts the current call to sleep. A handler ends with `return task.block({…})`. */
  block(wait: Wait): number {
    this.wait = wait
    return BLOCKED
  }
}

export type TaskParts = Pick<
  Task,
  'tid' | 'kernel' | 'process' | 'context' | 'memory' | 'fds' | 'fs' | 'signals' | 'credentials' | 'name'
>
