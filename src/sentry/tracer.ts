// Tracer: who watches the system calls: hv run --trace.

import type {Row} from './syscalls/syscall.ts'
import type {Task} from './task.ts'

export interface Tracer {
  /** A call begins: the context's argument words are its. `row` is undefined for an unknown number. */
  enter(task: Task, row: Row | undefined): void
  /** It sleeps until `leave`. Also said of a call that ended its task: then it comes after `exited`. */
  blocked(task: Task): void
  /** It is done. `result` as the guest sees it: -errno for an error; undefined: it stored the registers itself. */
  leave(task: Task, result: number | undefined): void
  /** A handler runs, or the process dies of the signal. `info` is a siginfo_t. */
  signal(task: Task, signal: number, info: Uint8Array): void
  /** The process ended, by a status or a signal. */
  exited(code: number | undefined, signal: number | undefined): void
}
