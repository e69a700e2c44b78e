// makeWatched: makes a call, and tells a watcher how it ended, once.
//
// A returning call is reported before its task runs on. When a signal ends its sleep, that is reported, and the handler
// runs at once: whether the call fails with EINTR or is restarted is not known yet. A restart is a new call.
// Calls that do not return are not reported: exit(2), a successful execve(2), rt_sigreturn(2), and one in which the task dies.

import {EINTR, Errno} from '../../../abi/errno.ts'
import {BLOCKED, REGISTERS_SET} from '../../core/syscall.ts'
import type {Task} from '../../core/task.ts'
import type {Wait} from '../../core/wait.ts'
import type {CallEnd} from './hooked-call.ts'

export interface Watcher {
  /** @returns BLOCKED, or what `finish` returns or throws, for the guest */
  ended(end: CallEnd, finish: () => number): number
  /** The task does not wait. */
  interrupted(end: CallEnd): void
}

export function makeWatched(task: Task, make: () => number, watcher: Watcher): number {
  return watch(task, make, watcher)
}

/** What a call sleeps on, and what its task sleeps on for it. */
interface Asleep {
  readonly inner: Wait
  readonly outer: Wait
}

/** @param asleep how the call slept when `step` was called */
function watch(task: Task, step: () => number, watcher: Watcher, asleep?: Asleep): number {
  let result: number
  try {
    result = step()
  } catch (error) {
    // An unfinished call is called again; a broken promise is the end.
    if (!(error instanceof Errno)) throw error
    return watcher.ended({errno: error.code}, () => {
      throw error
    })
  }
  if (result === REGISTERS_SET) return result
  if (result !== BLOCKED) return watcher.ended({result}, () => result)
  const {wait} = task
  if (wait === undefined || task.kernel.tasks.get(task.tid) !== task) return BLOCKED
  // On the same things: that sleep continues.
  if (asleep !== undefined && (wait === asleep.inner || wait === asleep.outer))
    return task.block(asleep.outer)
  return task.block(watchedWait(task, wait, watcher))
}

function watchedWait(task: Task, inner: Wait, watcher: Watcher): Wait {
  const outer: Wait = {
    ...inner,
    retry: (expired) => watch(task, () => inner.retry(expired), watcher, {inner, outer}),
    progress: () => {
      const moved = inner.progress?.() ?? 0
      if (moved > 0) watcher.interrupted({result: moved})
      return moved
    },
    settled: () => {
      const result = inner.settled?.()
      if (result !== undefined) watcher.interrupted({result})
      return result
    },
    interrupted: () => {
      let errno = EINTR
      try {
        inner.interrupted?.()
      } catch (error) {
        if (!(error instanceof Errno)) throw error
        errno = error.code
        throw error
      } finally {
        watcher.interrupted({errno, interrupted: true})
      }
    },
  }
  return outer
}
