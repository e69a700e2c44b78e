// repeat: a call that makes another call several times, each of which may sleep: sendmmsg(2), recvmmsg(2).

import {Errno} from '../../abi/errno.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'

export interface Steps {
  readonly count: number
  /** A handler: its result is ignored. */
  readonly step: (index: number) => number
  /** Called after each step but the last: whether to stop. */
  readonly isOver?: () => boolean
  /** A step has failed after others succeeded: the call reports those. */
  readonly failed?: (error: Errno) => void
  /** The call's result after this many steps. */
  readonly result: (done: number) => number
}

/** @returns the result, or BLOCKED @throws what the first step throws */
export function repeat(task: Task, steps: Steps): number {
  const {count, step, result} = steps
  let done = 0
  const proceed = (first: () => number, asleep: Wait | undefined): number => {
    try {
      for (let run = first; done < count; run = () => step(done)) {
        if (run() === BLOCKED) return sleepOn(asleep)
        done++
        if (done < count && steps.isOver?.()) break
      }
    } catch (error) {
      if (done === 0 || !(error instanceof Errno)) throw error
      steps.failed?.(error)
    }
    return result(done)
  }
  const sleepOn = (asleep: Wait | undefined): number => {
    const inner = task.wait!
    // It sleeps on the same things.
    if (inner === asleep) return BLOCKED
    const outer: Wait = {
      ...inner,
      retry: (expired) => proceed(() => inner.retry(expired), outer),
      progress: () => done + ((inner.progress?.() ?? 0) > 0 ? 1 : 0),
    }
    return task.block(outer)
  }
  return proceed(() => step(0), undefined)
}
