// Tracer: who watches the system calls: `kernel.tracer`, while a trace is on (trace/).

import type {Process} from './process.ts'
import type {Row} from './syscalls/syscall.ts'
import type {Task} from './task.ts'

/** It may be set and taken away while calls are under way: `leave` and `blocked` may come without an `enter`. */
export interface Tracer {
  /** A call begins: the context's argument words are its. `row` is undefined for an unknown number. */
  enter(task: Task, row: Row | undefined): void
  /** It sleeps until `leave`. Also said of a call that ended its task: then it comes after `exited`. */
  blocked(task: Task): void
  /** It is done. `result` as the guest sees it: -errno for an error; undefined: it stored the registers itself. */
  leave(task: Task, result: number | undefined): void
  /** A handler runs, or the process dies of the signal. `info` is a siginfo_t. */
  signal(task: Task, signal: number, info: Uint8Array): void
  /** The process has ended: `process.exit` says how. */
  exited(process: Process): void
  /** It is taken away: calls under way are no longer watched. */
  detached(): void
}
