// Dispatch: from a call's number to its handler, and from the handler's outcome to the guest's result.

import {ENOSYS, Errno} from '../../abi/errno.ts'
import {UnfinishedError} from '../../vfs/unfinished.ts'
import {nextSlice} from '../core/slices.ts'
import {type Arguments, BLOCKED, REGISTERS_SET, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type Continuation, continuation, resumeInner, type Wait} from '../core/wait.ts'
import {BrokenPromise, breakPromise} from '../pledge/broken-promise.ts'
import {filterCall} from './filter-call.ts'

/**
 * Makes the call that the task's frame holds.
 * @returns false when the task sleeps, or is gone
 */
export function dispatch(task: Task): boolean {
  const {kernel, context} = task
  const {callNumber} = context
  const {handlers, run} = task.process
  const call = handlers[callNumber]
  run.counters.syscalls++
  kernel.current = task
  task.process.space.callPatches?.note(context)
  kernel.tracer?.enter(task, task.process.syscalls.row(callNumber))
  if (task.seccomp !== undefined) {
    const refused = filterCall(task, callNumber, context.argumentWords)
    if (refused !== undefined) return finish(task, refused)
  }
  if (kernel.tracer !== undefined && kernel.debugging?.takesCall(task)) return finish(task, BLOCKED)
  if (call === undefined) {
    run.counters.countUnknown(callNumber)
    return finish(task, -ENOSYS)
  }
  const result = attempt(task, call, task.arguments, callNumber)
  if (result === -ENOSYS) run.counters.countRefused(callNumber)
  return finish(task, result)
}

/** A call's result, -errno for a failure, BLOCKED for a task that sleeps or is gone. */
export function attempt(task: Task, run: Syscall, args: Arguments, callNumber: number): number {
  try {
    return run(task, args)
  } catch (error) {
    return toResult(task, error, callNumber, startAgain, undefined)
  }
}

/** The call's words are still in the frame. A promise that a sibling thread makes meanwhile binds the call, too. */
const startAgain = continuation<undefined>({
  name: 'start-again',
  resume: (task) => task.process.handlers[task.context.callNumber]!(task, task.arguments),
})

interface Part {
  readonly wait: Wait
  readonly expired: boolean
}

/** A file system has not finished what a resumed call asked of it: the call is resumed once more, as it was. */
const nextPart = continuation<Part>({
  name: 'next-part',
  resume: (task, {wait, expired}) => {
    const part = task.wait
    const result = resumeInner(task, wait, expired)
    // The call sleeps on the same things as before.
    return result === BLOCKED && task.wait === part ? task.block(wait) : result
  },
})

/** Tries a blocked call again. Returns like dispatch. */
export function retry(task: Task, expired: boolean): boolean {
  task.kernel.current = task
  const wait = task.wait!
  let result: number
  try {
    result = wait.next.resume(task, wait.progress, expired)
  } catch (error) {
    const part = wait.next === nextPart ? (wait.progress as Part) : {wait, expired}
    result = toResult(task, error, task.context.callNumber, nextPart, part)
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
  const {callPatches} = task.process.space
  if (callPatches?.isLost === true) callPatches.leaveLost(task.context)
  task.kernel.tracer?.leave(task, result === REGISTERS_SET ? undefined : result)
  return true
}

/**
 * The one place that catches an Errno or a broken promise. Anything else is our bug, and goes up.
 * @param next continues what a file system has not finished
 */
function toResult<Progress>(
  task: Task,
  error: unknown,
  callNumber: number,
  next: Continuation<Progress>,
  progress: Progress,
): number {
  if (error instanceof Errno) return -error.code
  if (error instanceof BrokenPromise) return breakPromise(task, error, callNumber)
  if (error instanceof UnfinishedError) return nextSlice(task, next, progress)
  throw error
}
