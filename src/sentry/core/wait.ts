// What a blocked system call waits for, and how it goes on: data, so that no closure keeps a guest's state.

import {Errno} from '../../abi/errno.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {FileLocks, RecordLock} from '../../vfs/file-locks.ts'
import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {OpenDescription} from './open-description.ts'
import {BLOCKED} from './syscall.ts'
import type {Task} from './task.ts'

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
  /** The call holds it (GuestThread.block). Absent: one of its arguments names it. */
  readonly description?: OpenDescription
}

/** A call that sleeps. Its files, its queues and its deadline end the wait: whichever is first. */
export interface Wait<Progress = unknown> {
  /** Files whose readiness for `events` (POLLIN 1, POLLOUT 4) ends the wait. */
  readonly files?: readonly WaitedFile[]
  readonly queues?: readonly WaitQueue[]
  /** CLOCK_MONOTONIC nanoseconds; the call is then resumed with expired = true. */
  readonly deadlineNs?: number
  readonly restart: Restart
  /** Only signals that end the process end it early; others wait until the call is done. */
  readonly onlyKillable?: boolean
  /** The record lock that a process waits for. The search for deadlocks reads it. */
  readonly recordLock?: {readonly locks: FileLocks; readonly wanted: RecordLock}
  readonly next: Continuation<Progress>
  /** What the call has done, and what it still needs: plain records and arrays of data and of objects with a class; no function. */
  readonly progress: Progress
}

/** How a blocked call goes on: a constant of its module, made by `continuation`. */
export interface Continuation<Progress = unknown> {
  readonly name: string
  /**
   * Called after a wake (spurious ones too) and at the deadline. Like a handler it returns the result or throws Errno;
   * BLOCKED sleeps on: on the same things, or on others after `task.block…`.
   */
  resume(task: Task, progress: Progress, expired?: boolean): number
  /** Bytes moved before the call went to sleep. When positive, an interrupted call returns them: no EINTR, no restart. */
  bytesDone?(task: Task, progress: Progress): number
  /** A result that the call already has and no signal takes away: of a woken futex(2). Undefined: none yet. */
  settled?(task: Task, progress: Progress): number | undefined
  /** Called before EINTR is returned: nanosleep stores the time that remains. May throw another Errno. */
  interrupted?(task: Task, progress: Progress): void
  /** The sleep is over, whatever ended it, even the task's end: leaves the queues that it joined. */
  ended?(task: Task, progress: Progress): void
}

const registry = new Map<string, Continuation>()

/** By name: what a wait that was written down means. */
export const continuations: ReadonlyMap<string, Continuation> = registry

/** Registers it. Precondition: no other one has its name. */
export function continuation<Progress>(made: Continuation<Progress>): Continuation<Progress> {
  if (registry.has(made.name)) throw new Error(`two continuations are named ${made.name}`)
  registry.set(made.name, made)
  return made
}

/**
 * Tries at once what a wait would try again, and sleeps if that is BLOCKED.
 * @param refusal in place of sleep: what a call that must not wait fails with
 */
export function attempt<Progress>(task: Task, wait: Wait<Progress>, refusal?: number): number {
  const result = wait.next.resume(task, wait.progress)
  if (result !== BLOCKED) return result
  if (refusal !== undefined) throw new Errno(refusal)
  return task.block(wait)
}

/**
 * For a call that makes another one, which sleeps: resumes the inner wait as if it were the task's own.
 * @returns BLOCKED when the task sleeps on the same things, or, `task.wait` being another than the outer wait then, on others
 */
export function resumeInner(task: Task, inner: Wait, expired: boolean): number {
  const outer = task.wait
  task.wait = inner
  const result = inner.next.resume(task, inner.progress, expired)
  if (task.wait === inner) task.wait = outer
  return result
}
