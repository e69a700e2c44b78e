// BrokenPromise: a call needs something that its process promised to do without; the process is killed.

import {ENOSYS} from '../../abi/errno.ts'
import {plainInfo, SI_KERNEL} from '../../abi/siginfo.ts'
import {SIGSYS} from '../../abi/signal.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {PromiseName} from './promises.ts'

/** Thrown out of a call, before it does anything. Not an Errno: no handler may take it for one. */
export class BrokenPromise {
  /** Any one of these promises would have been enough. */
  readonly promises: readonly string[]

  constructor(promises: readonly string[]) {
    this.promises = promises
  }
}

/**
 * For what neither a call's arguments nor its path show to be needed, but what a message carries, or whom an address names.
 * @param names any one of them is enough
 * @throws BrokenPromise
 */
export function requirePromise({process}: Task, ...names: readonly PromiseName[]): void {
  const {pledge, recorder} = process.restrictions
  recorder?.needs(names)
  if (pledge !== undefined && !names.some((name) => pledge.promises.has(name))) throw new BrokenPromise(names)
}

/** Like a handler, returns the call's result, or BLOCKED, because the process is gone. SIGSYS cannot be caught here: pledge(2). */
export function breakPromise(task: Task, {promises}: BrokenPromise, callNumber: number): number {
  const {kernel, process} = task
  const {pledge} = process.restrictions
  if (pledge?.promises.has('error')) return -ENOSYS

  const call = process.syscalls.row(callNumber)?.name ?? String(callNumber)
  process.end.broken = {call, promises, byItself: pledge?.byItself ?? true}
  kernel.tracer?.signal(task, SIGSYS, plainInfo(SIGSYS, SI_KERNEL))
  kernel.endProcess(process, undefined, SIGSYS)
  return BLOCKED
}
