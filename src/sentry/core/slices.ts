// Slices: a long call works piece by piece; signals, timers, time-outs and the embedder get their turn in between.

import type {Task} from './task.ts'
import {type Continuation, continuation} from './wait.ts'

/** How much a call does at a stretch: bytes moved, or pages looked at. A few milliseconds of work. */
export const SLICE_BYTES = 4 << 20
export const SLICE_PAGES = 16 << 10

/** A call that goes from `at` to `end` in slices. */
export interface Walk {
  at: number
  readonly end: number
  /** The call's, when it is at the end. */
  readonly result: number
}

/** @param step does one slice, and returns where the next one begins */
export function walk<Progress extends Walk>(
  name: string,
  step: (task: Task, progress: Progress) => number,
): Continuation<Progress> {
  const next = continuation<Progress>({
    name,
    resume: (task, progress): number => {
      progress.at = step(task, progress)
      return progress.at < progress.end ? nextSlice(task, next, progress) : progress.result
    },
  })
  return next
}

/**
 * What a handler (or the continuation of a blocked call) returns when its slice is used up: the kernel's loop does what is due, then
 * resumes the call, which may end in the same way. The guest's memory and descriptors may have changed by then.
 * @param onlyKillable whether only the end of the process ends it; otherwise the continuation says how much has moved
 */
export function nextSlice<Progress>(
  task: Task,
  next: Continuation<Progress>,
  progress: Progress,
  onlyKillable = true,
): number {
  // At once, but after a round of the loop.
  const deadlineNs = task.kernel.monotonicNs()
  return task.block({deadlineNs, restart: 'sa-restart', onlyKillable, next, progress})
}
