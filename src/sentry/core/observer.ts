// Observer: is told of a kernel's events on behalf of the embedder: one of `kernel.observers`.

import type {PendingSignal} from './pending-signal.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

/** All are told, in the order in which they were added. */
export interface Observer {
  /** A host descriptor is ready, maybe one of the observer's. Tasks that wait for it were woken before. */
  ready?(fd: number): void
  /** The process was killed because memory was full: the guest's, or what the sentry keeps for the process. */
  outOfMemory?(process: Process): void
  /** A signal has stopped the process. */
  stopped?(process: Process, signal: number): void
  /** A signal whose default action is a core dump is about to end the task's process. */
  core?(task: Task, pending: PendingSignal): void
}
