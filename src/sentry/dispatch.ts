// Dispatch: from a call's number to its handler, and from what that gives to the guest's result.

import {ENOSYS, Errno} from '../abi/errno.ts'
import {arch} from '../arch/index.ts'
import {BLOCKED, REGISTERS_SET, type Row} from './syscalls/syscall.ts'
import {table} from './syscalls/table.ts'
import type {Task} from './task.ts'

/** By number. */
const rows: (Row | undefined)[] = []
for (const row of table) {
  const number = row[arch.name]
  if (number !== undefined) rows[number] = row
}

export function rowOf(number: number): Row | undefined {
  return rows[number]
}

/**
 * Makes the call that the task's frame holds.
 * @returns false when the task sleeps, or is gone
 */
export function dispatch(task: Task): boolean {
  const {kernel, context} = task
  const row = rows[context.callNumber]
  kernel.counters.syscalls++
  kernel.current = task
  if (kernel.tracer !== undefined) kernel.tracer.enter(task, row)
  if (row === undefined) {
    kernel.counters.countUnknown(context.callNumber)
    return finish(task, -ENOSYS)
  }
  let result: number
  try {
    result = row.run(task, task.arguments)
  } catch (error) {
    result = toResult(error)
  }
  return finish(task, result)
}

/** Tries a blocked call again. As dispatch. */
export function retry(task: Task, expired: boolean): boolean {
  task.kernel.current = task
  let result: number
  try {
    result = task.wait!.retry(expired)
  } catch (error) {
    result = toResult(error)
  }
  if (result === BLOCKED) return false
  task.wait = undefined
  return finish(task, result)
}

function finish(task: Task, result: number): boolean {
  if (result === BLOCKED) {
    task.kernel.tracer?.blocked(task)
    return false
  }
  if (result !== REGISTERS_SET) task.context.setResult(result)
  task.kernel.tracer?.leave(task, result === REGISTERS_SET ? undefined : result)
  return true
}

/** The one place that catches an Errno. Anything else is our bug, and goes up. */
function toResult(error: unknown): number {
  if (error instanceof Errno) return -error.code
  throw error
}
