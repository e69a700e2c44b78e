// Tracer: watches the system calls: `kernel.tracer`, while a trace is on (trace/).

import type {Process} from './process.ts'
import type {Row} from './syscall.ts'
import type {Task} from './task.ts'

/** It may be set and taken away while calls are under way: `leave` and `blocked` may come without an `enter`. */
export interface Tracer {
  /** A call begins, with the context's argument words. `row` is undefined for an unknown number. */
  enter(task: Task, row: Row | undefined): void
  /** The call sleeps until `leave`. Also told of a call that ended its task: then it comes after `exited`. */
  blocked(task: Task): void
  /** The call is done. `result` as the guest sees it: -errno for an error; undefined: it stored the registers itself. */
  leave(task: Task, result: number | undefined): void
  /** A handler runs, or the process dies of the signal. `info` is a siginfo_t. */
  signal(task: Task, signal: number, info: Uint8Array): void
  /** The process has ended: `process.exit` says how. */
  exited(process: Process): void
  /** The tracer is removed: calls under way are no longer watched. */
  detached(): void
}
