// Slices: a long call works piece by piece; signals, timers, time-outs and the embedder get their turn in between.

import type {Task} from './task.ts'

/** How much a call does at a stretch: bytes moved, or pages looked at. A few milliseconds of work. */
export const SLICE_BYTES = 4 << 20
export const SLICE_PAGES = 16 << 10

export interface SliceOptions {
  /** How much the call has moved, which it returns when a signal ends it. Without this, only the end of the process ends it. */
  readonly moved?: () => number
}

/** Calls `step`, which returns where the next slice begins, until that is `end`; then the call's result is `result`. */
export function stepThrough(
  task: Task,
  start: number,
  end: number,
  step: (from: number) => number,
  result: number,
): number {
  let at = start
  const proceed = (): number => {
    at = step(at)
    return at < end ? nextSlice(task, proceed) : result
  }
  return proceed()
}

/**
 * What a handler (or the retry of a blocked call) returns when its slice is used up: the kernel's loop does what is due, then
 * calls `proceed`, which may end in the same way. The guest's memory and descriptors may have changed by then.
 */
export function nextSlice(task: Task, proceed: () => number, {moved}: SliceOptions = {}): number {
  return task.block({
    // At once, but after a round of the loop.
    deadlineNs: task.kernel.monotonicNs(),
    restart: 'sa-restart',
    onlyKillable: moved === undefined,
    retry: proceed,
    progress: moved,
  })
}
