// Debugging: who stops a program and looks into it: `kernel.debugging`, while there is a debugger (debug/).

import type {Fault} from '../platform/platform.ts'
import type {Process} from './process.ts'
import type {PendingSignal} from './signals/pending.ts'
import type {Task} from './task.ts'

/** None of it is on the way of a trap that a program without a debugger takes. */
export interface Debugging {
  /** A new task, before its first instruction. */
  started(task: Task): void
  /** It is gone; its process may go on. */
  left(task: Task): void
  /** It is another program from now on. */
  executed(task: Task): void
  /** `process.exit` says how; its tasks are still there. */
  ended(process: Process): void
  /** A fault that nobody mended, before it is a signal. @returns true: it is the debugger's, and none */
  takesFault(task: Task, fault: Fault): boolean
  /** A signal, before it is acted on. @returns true: the task stands still, and has it when it goes on */
  takesSignal(task: Task, pending: PendingSignal): boolean
  /** Asked of tasks that are watched (TaskSignals.watch), each time before they run. */
  mayRun(task: Task): boolean
}
