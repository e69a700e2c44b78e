// What a blocked system call waits for, and how it goes on.

import type {FileDescription} from '../../vfs/file.ts'
import type {RecordLock} from '../../vfs/file-locks.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {OpenDescription} from './open-description.ts'

/**
 * What happens to the call when a signal handler runs before it is done (kernel: ERESTARTSYS and the like):
 * `sa-restart`: the call starts anew if the handler has SA_RESTART, else EINTR;
 * `never`: EINTR (signal(7) lists these: poll, select, nanosleep, sigsuspend …).
 */
export type Restart = 'sa-restart' | 'never'

/**
 * For a call that sleeps without a time-out (Infinity), or with one, which would begin anew if the call did:
 * sock_intr_errno, futex(2).
 */
export function restartOf(deadlineNs: number): Restart {
  return deadlineNs === Number.POSITIVE_INFINITY ? 'sa-restart' : 'never'
}

export interface WaitedFile {
  readonly file: FileDescription
  readonly events: number
  /** The call holds it (held-files.ts). Absent: one of its arguments names it. */
  readonly description?: OpenDescription
}

export interface Wait {
  /** Files whose readiness for `events` (POLLIN 1, POLLOUT 4) ends the wait. */
  readonly files?: readonly WaitedFile[]
  readonly queues?: readonly WaitQueue[]
  /** CLOCK_MONOTONIC nanoseconds; `retry` is then called with expired = true. */
  readonly deadlineNs?: number
  readonly restart: Restart
  /** Only signals that end the process end it early; others wait until the call is done. */
  readonly onlyKillable?: boolean
  /** For a process's record lock: its owner, and what is in its way now. The search for deadlocks reads it. */
  readonly recordLock?: {readonly owner: RecordLock['owner']; blocker(): RecordLock | undefined}
  /**
   * Called after a wake (spurious ones too) and at the deadline. Like a handler it returns the result or throws Errno;
   * BLOCKED sleeps on: on the same things, or on others after `task.block…`.
   */
  retry(expired: boolean): number
  /** Bytes moved before the call went to sleep. When positive, an interrupted call returns them: no EINTR, no restart. */
  progress?(): number
  /** A result that the call already has and no signal takes away: of a woken futex(2). Undefined: none yet. */
  settled?(): number | undefined
  /** Called before EINTR is returned: nanosleep stores the time that remains. May throw another Errno. */
  interrupted?(): void
  /** The sleep is over, whatever ended it, even the task's end: leaves the queues that it joined. */
  ended?(): void
}
