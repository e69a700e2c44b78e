// Kernel: what all tasks share, and the loop that runs them.

import type {Platform} from '../platform/platform.ts'
import type {Mount} from '../vfs/location.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'
import type {TimerQueue} from './timers.ts'

export interface Kernel {
  readonly platform: Platform
  readonly timers: TimerQueue
  /** By pid. */
  readonly processes: ReadonlyMap<number, Process>
  /** By tid. */
  readonly tasks: ReadonlyMap<number, Task>
  /** The tree of mounts starts here. */
  readonly rootMount: Mount
  /** uname(2)'s nodename; sethostname changes it. */
  hostname: string
  /** The guest's CLOCK_MONOTONIC, nanoseconds: the host's. */
  monotonicNs(): number
  /** How long the process's tasks have run so far, nanoseconds; it never decreases. */
  cpuTimeNs(process: Process): number
  /** Makes a blocked task's call end with EINTR or restart, and a running one trap, so that it sees its signals. */
  notify(task: Task): void
  /** Ends the process: exit_group(2), or death by `signal`. Its tasks never run again. */
  endProcess(process: Process, code: number | undefined, signal: number | undefined): void
  /** Ends one task: exit(2); with the last one the process ends. */
  endTask(task: Task, code: number): void
}
