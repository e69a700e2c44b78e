// Debugging: hooks for stopping a program and looking into it: `kernel.debugging`, while there is a debugger (debug/).

import type {Fault} from '../../platform/platform.ts'
import type {PendingSignal} from './pending-signal.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

/** Costs nothing in the trap path of a program without a debugger. */
export interface Debugging {
  /** A new task, before its first instruction. */
  started(task: Task): void
  /** The task is gone. @param code its process goes on: what the task returned */
  left(task: Task, code?: number): void
  /** The task runs another program from now on. */
  executed(task: Task): void
  /** `process.exit` says how; its tasks are still there. */
  ended(process: Process): void
  /** A fault that was not mended, before it becomes a signal. @returns true: the debugger takes it, and there is no signal */
  takesFault(task: Task, fault: Fault): boolean
  /** A page fault that its memory map has mended. */
  touched(task: Task, address: number): void
  /** A signal, before it is acted on. @returns true: the task stops, and gets the signal when it goes on */
  takesSignal(task: Task, pending: PendingSignal): boolean
  /** A call, before it is made; asked while there is a tracer. @returns true: the task sleeps before it */
  takesCall(task: Task): boolean
  /** Asked for watched tasks (TaskSignals.watch), each time before they run. */
  mayRun(task: Task): boolean
}
