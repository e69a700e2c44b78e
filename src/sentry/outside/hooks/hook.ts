// Hook: one system call that the embedder asked to be told of: its turn, the question, the call, the report of its end.
//
// A returning call is reported before its task runs on. When a signal ends its sleep, that is reported, and the handler
// runs at once: whether the call fails with EINTR or is restarted is not known yet. A restart is a new call.
// Calls that do not return are not reported: exit(2), a successful execve(2), rt_sigreturn(2), and one in which the task dies.

import {EINTR, Errno} from '../../../abi/errno.ts'
import type {WaitQueue} from '../../../vfs/wait-queue.ts'
import {BLOCKED, REGISTERS_SET, type Row, type Syscall} from '../../core/syscall.ts'
import type {Task} from '../../core/task.ts'
import {type Continuation, continuation, resumeInner, type Wait} from '../../core/wait.ts'
import type {CallDescription, CallEnd, HookedCall, Verdict} from './hooked-call.ts'
import type {HookedCalls} from './hooked-calls.ts'

export interface PendingQuestion {
  readonly task: Task
  verdict: Verdict | undefined
  readonly queue: WaitQueue
}

export class Hook {
  /** Who asks. */
  readonly asker: HookedCalls
  readonly row: Row
  /** What makes the call. */
  readonly run: Syscall
  readonly events: HookedCall

  constructor(asker: HookedCalls, row: Row, run: Syscall, events: HookedCall) {
    this.asker = asker
    this.row = row
    this.run = run
    this.events = events
  }
}

/** A call on its way. */
interface Call {
  readonly hook: Hook
  readonly call: CallDescription
}

/** The call of the task's frame, when it is its turn: a task's calls are reported in order, and few questions are open. */
export function makeHooked(task: Task, hook: Hook): number {
  return hook.asker.mustWait(task) ? sleepOn(task, hook.asker.answers, awaitingTurn, hook) : begin(task, hook)
}

const awaitingTurn = continuation<Hook>({
  name: 'hook-turn',
  resume: (task, hook) => (hook.asker.mustWait(task) ? BLOCKED : begin(task, hook)),
})

function begin(task: Task, hook: Hook): number {
  const call = {hook, call: hook.asker.describe(task, hook.row)}
  return hook.events.before ? ask(task, call) : make(task, call)
}

/** @param end how the call ended; undefined: it was not made yet */
function ask(task: Task, {hook, call}: Call, end?: CallEnd): number {
  const question = hook.asker.ask(task, call, end)
  return sleepOn(task, question.queue, awaitingVerdict, {hook, call, end, question})
}

const awaitingVerdict = continuation<
  Call & {readonly end: CallEnd | undefined; readonly question: PendingQuestion}
>({
  name: 'hook-verdict',
  resume: (task, {hook, call, end, question: {verdict}}) => {
    if (verdict === undefined) return BLOCKED
    // The arguments are still there: only the next call overwrites them.
    if (end === undefined && verdict === 'go') return make(task, {hook, call})
    const {errno, result} = end ?? (verdict as CallEnd)
    if (errno !== undefined) throw new Errno(errno)
    return result!
  },
})

function make(task: Task, call: Call): number {
  const {run, events} = call.hook
  return events.after ? watch(task, call) : run(task, task.arguments)
}

/** @param inner what the call sleeps on */
function watch(task: Task, call: Call, inner?: Wait, expired = false): number {
  const outer = task.wait
  let result: number
  try {
    result = inner ? resumeInner(task, inner, expired) : call.hook.run(task, task.arguments)
  } catch (error) {
    // An unfinished call is called again; a broken promise is the end.
    if (!(error instanceof Errno)) throw error
    return ask(task, call, {errno: error.code})
  }
  if (result === REGISTERS_SET) return result
  if (result !== BLOCKED) return ask(task, call, {result})
  const {wait} = task
  if (wait === undefined || wait === outer || task.kernel.tasks.get(task.tid) !== task) return BLOCKED
  return task.block({...wait, next: watching, progress: {...call, inner: wait}})
}

const watching = continuation<Call & {readonly inner: Wait}>({
  name: 'hook-watch',
  resume: (task, {hook, call, inner}, expired) => watch(task, {hook, call}, inner, expired),
  bytesDone: (task, {hook, call, inner: {next, progress}}) => {
    const moved = next.bytesDone?.(task, progress) ?? 0
    if (moved > 0) hook.asker.interrupted(task, call, {result: moved})
    return moved
  },
  settled: (task, {hook, call, inner: {next, progress}}) => {
    const result = next.settled?.(task, progress)
    if (result !== undefined) hook.asker.interrupted(task, call, {result})
    return result
  },
  interrupted: (task, {hook, call, inner: {next, progress}}) => {
    let errno = EINTR
    try {
      next.interrupted?.(task, progress)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      errno = error.code
      throw error
    } finally {
      hook.asker.interrupted(task, call, {errno, interrupted: true})
    }
  },
  ended: (task, {inner: {next, progress}}) => next.ended?.(task, progress),
})

/**
 * As in any blocked call, timers, an abort and the time-out go on. Signals wait for the call's end. Not by task.block: a call that
 * has not been made holds no files yet.
 */
function sleepOn<Progress>(
  task: Task,
  queue: WaitQueue,
  next: Continuation<Progress>,
  progress: Progress,
): number {
  task.wait = {queues: [queue], restart: 'never', onlyKillable: true, next, progress}
  return BLOCKED
}
