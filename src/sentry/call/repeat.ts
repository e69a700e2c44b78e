// repeated: a call that makes another call several times, each of which may sleep: sendmmsg(2), recvmmsg(2).

import {Errno} from '../../abi/errno.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation, resumeInner, type Wait} from '../core/wait.ts'

export interface Repetition {
  readonly count: number
  done: number
}

export interface Steps<Progress extends Repetition> {
  /** A handler: its result is ignored. */
  step(task: Task, progress: Progress): number
  /** Called after each step but the last: whether to stop. */
  isOver?(task: Task, progress: Progress): boolean
  /** A step has failed after others succeeded: the call reports those. */
  failed?(progress: Progress, error: Errno): void
  /** Called before the call returns how many steps are done. */
  finish?(task: Task, progress: Progress): void
}

/** @returns a handler of such a call: @returns the number of steps, or BLOCKED; throws what the first step throws */
export function repeated<Progress extends Repetition>(
  name: string,
  steps: Steps<Progress>,
): (task: Task, progress: Progress) => number {
  const next = continuation<{readonly repetition: Progress; readonly inner: Wait}>({
    name,
    resume: (task, {repetition, inner}, expired = false) => go(task, repetition, inner, expired),
    bytesDone: (task, {repetition, inner: {next: step, progress}}) =>
      repetition.done + ((step.bytesDone?.(task, progress) ?? 0) > 0 ? 1 : 0),
    settled: (task, {inner}) => inner.next.settled?.(task, inner.progress),
    interrupted: (task, {inner}) => inner.next.interrupted?.(task, inner.progress),
    ended: (task, {inner}) => inner.next.ended?.(task, inner.progress),
  })
  /** @param asleep what the current step sleeps on */
  function go(task: Task, repetition: Progress, asleep?: Wait, expired = false): number {
    const outer = task.wait
    try {
      for (let inner = asleep; repetition.done < repetition.count; inner = undefined) {
        const result = inner ? resumeInner(task, inner, expired) : steps.step(task, repetition)
        if (result === BLOCKED) {
          const wait = task.wait!
          return wait === outer ? BLOCKED : task.block({...wait, next, progress: {repetition, inner: wait}})
        }
        repetition.done++
        if (repetition.done < repetition.count && steps.isOver?.(task, repetition)) break
      }
    } catch (error) {
      if (repetition.done === 0 || !(error instanceof Errno)) throw error
      steps.failed?.(repetition, error)
    }
    steps.finish?.(task, repetition)
    return repetition.done
  }
  return go
}
