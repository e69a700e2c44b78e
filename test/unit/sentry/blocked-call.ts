// A blocked call in a test: goes on as the kernel makes it go on; and is data.

import {BLOCKED} from '../../../src/sentry/core/syscall.ts'
import type {Task} from '../../../src/sentry/core/task.ts'
import {continuation, continuations, type Wait} from '../../../src/sentry/core/wait.ts'
import {GuestThread} from '../../../src/sentry/task/task.ts'

/** Every call that blocks in a test that imports this passes through here. */
const {block} = GuestThread.prototype
GuestThread.prototype.block = function (this: GuestThread, wait) {
  checkWait(wait)
  return block.call(this, wait)
}

/** @throws Error when the wait is not data */
export function checkWait(wait: Wait): void {
  const {next, ...data} = wait
  if (continuations.get(next.name) !== next)
    throw new Error(`the continuation ${next.name} is not registered`)
  const path = pathToFunction(data, next.name, new Set())
  if (path !== undefined) throw new Error(`a function keeps what a blocked call needs: ${path}`)
}

/** Looks into plain records and arrays; an object with a class is one that the kernel knows by itself, as are test doubles of a task. */
export function pathToFunction(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (typeof value === 'function') return path
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  if (value instanceof Map || value instanceof Set) return pathToFunction([...value], path, seen)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return undefined
  if ('tid' in value && 'signals' in value) return undefined
  // Where a wait is inside another, its continuation is a constant, too.
  if ('next' in value && 'progress' in value) {
    checkWait(value as Wait)
    return undefined
  }
  for (const [key, part] of Object.entries(value)) {
    const found = pathToFunction(part, `${path}.${key}`, seen)
    if (found !== undefined) return found
  }
  return undefined
}

/** What the task's blocked call says after a wake, or at its deadline. */
export function resume(task: Task, expired = false): number {
  const {next, progress} = task.wait!
  return next.resume(task, progress, expired)
}

/** A call that sleeps until a signal comes. */
export const asleep = continuation<{interrupted: number}>({
  name: 'asleep',
  resume: () => BLOCKED,
  interrupted: (_task, progress) => void progress.interrupted++,
})
