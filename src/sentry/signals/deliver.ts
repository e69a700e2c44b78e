// Signal delivery: what the kernel's loop calls before a task runs on, and when a signal finds a call asleep.

import {EINTR, Errno} from '../../abi/errno.ts'
import {plainInfo, SI_KERNEL} from '../../abi/siginfo.ts'
import {
  defaultAction,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SIG_DFL,
  SIG_IGN,
  SIGSEGV,
} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import {mayStop} from '../tty/groups.ts'
import {forceSignal} from './force.ts'
import {DEFAULT_ACTION, type SignalAction} from './signal-handlers.ts'

/**
 * Whether a handler must run. On the way, handles signals that need none: drops ignored ones, stops the process
 * (`task.signals.process.stopped`) or ends it (`task.process.exit`); these leave a blocked call as it is.
 * Test `task.signals.attention` first, which is cheap: when it is 0, this is false.
 */
export function hasDeliverable(task: Task): boolean {
  const {signals} = task
  while (signals.next === undefined && task.process.exit === undefined) {
    const pending = signals.takeDeliverable()
    if (pending === undefined) return false
    if (task.tracing?.takesSignal(pending)) return false
    if (task.kernel.debugging?.takesSignal(task, pending)) return false
    const {handler} = signals.process.action(pending.signal)
    if (handler === SIG_DFL) actByDefault(task, pending)
    else if (handler !== SIG_IGN) signals.next = pending
  }
  return signals.next !== undefined
}

/**
 * Ends a blocked call, because hasDeliverable says so. The kernel has taken the task off queues and timers; next
 * it calls deliver, which restarts the call where SA_RESTART says so.
 */
export function interruptWait(task: Task): void {
  const wait = task.wait
  if (wait === undefined) return
  task.wait = undefined
  // A write that moved bytes before it slept returns their number: a restart would write them twice.
  const {next, progress} = wait
  const moved = next.bytesDone?.(task, progress) ?? 0
  const settled = moved > 0 ? moved : next.settled?.(task, progress)
  if (settled !== undefined) {
    task.context.setResult(settled)
    return
  }
  let code = EINTR
  try {
    next.interrupted?.(task, progress)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    code = error.code
  }
  task.signals.awaited = undefined
  task.signals.interrupted = {
    restart: wait.restart,
    callNumber: task.context.callNumber,
    firstArgument: task.arguments.raw(0),
  }
  task.context.setResult(-code)
}

/**
 * Lets a task that is not blocked see its signals: builds the frames of the handlers that run next. After a call,
 * its result is already stored.
 * @returns false when the task must not run: its process stopped or ended
 */
export function deliver(task: Task): boolean {
  const {signals} = task
  if (signals.watch === 'held') {
    // Only SIGKILL can reach it.
    hasDeliverable(task)
    return false
  }
  // A call that was not interrupted is over, and so is its temporary mask.
  if (signals.interrupted === undefined && signals.next === undefined) signals.restoreSavedMask()
  while (hasDeliverable(task)) runHandler(task, signals.next!)
  if (task.process.exit !== undefined) return false
  signals.restoreSavedMask()
  if (signals.process.stopped) return false
  return signals.watch === 'none' || task.kernel.debugging?.mayRun(task) === true
}

function actByDefault(task: Task, {signal, info}: PendingSignal): void {
  const action = defaultAction(signal)
  if (action === 'ignore') return

  const {tracer, observers} = task.kernel
  tracer?.signal(task, signal, info)
  if (action === 'core') for (const observer of observers) observer.core?.(task, {signal, info})
  switch (action) {
    case 'stop':
      if (!mayStop(task.kernel.processes, task.process, signal)) return
      task.signals.process.stop(signal)
      for (const observer of observers) observer.stopped?.(task.process, signal)
      return
    default:
      task.kernel.endProcess(task.process, undefined, signal)
  }
}

function runHandler(task: Task, {signal, info}: PendingSignal): void {
  const {signals, context} = task
  signals.next = undefined
  task.kernel.tracer?.signal(task, signal, info)
  const action = signals.process.action(signal)
  if (action.flags & SA_RESETHAND) signals.process.setAction(signal, {...action, handler: SIG_DFL})

  const registers = context.readRegisters()
  // No frame shows a trampoline: the program appears to stand before its call.
  task.process.space.callPatches?.leaveTrampoline(registers)
  const {interrupted} = signals
  signals.interrupted = undefined
  if (interrupted?.restart === 'sa-restart' && action.flags & SA_RESTART) {
    arch.restartCall(registers, interrupted.callNumber, interrupted.firstArgument)
  }
  try {
    pushFrame(task, registers, signal, info, action)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    forceSegv(task, signal)
    return
  }
  context.writeRegisters(registers)

  const mask = signals.mask.union(action.mask)
  if (!(action.flags & SA_NODEFER)) mask.add(signal)
  signals.forgetSavedMask()
  signals.mask = mask
  signals.alternateStack.disarm()
}

function pushFrame(
  task: Task,
  registers: BigUint64Array,
  signal: number,
  info: Uint8Array,
  action: SignalAction,
): void {
  const {signals} = task
  arch.pushSignalFrame(task.context, task.memory, registers, {
    signal,
    info,
    handler: action.handler,
    flags: action.flags,
    restorer: action.restorer,
    trampoline: task.process.program.signalTrampoline,
    mask: signals.maskToReturnTo,
    stack: signals.alternateStack,
    fault: signals.fault,
  })
}

/** There is no room for a frame: SIGSEGV, or the end, if it was SIGSEGV's own frame. */
export function forceSegv(task: Task, failed: number): void {
  if (failed === SIGSEGV) task.signals.process.setAction(SIGSEGV, DEFAULT_ACTION)
  forceSignal(task, SIGSEGV, plainInfo(SIGSEGV, SI_KERNEL))
}
