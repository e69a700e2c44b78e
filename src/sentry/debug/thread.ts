// Thread: what a debugger knows about a task, and what happens to its signal and its call when it goes on.

import {EINTR} from '../../abi/errno.ts'
import {plainInfo, SI_USER} from '../../abi/siginfo.ts'
import {arch} from '../../arch/index.ts'
import type {StepRange} from '../../gdb/target.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'

export interface Thread {
  mode: 'held' | 'goes' | 'steps'
  /** The debugger wants a step, not only a check of what is watched. */
  isAsked: boolean
  range: StepRange | undefined
  /** The signal that it stopped for, and has not received. */
  signal: PendingSignal | undefined
  /** The next signal of this number passes without asking the debugger. */
  passed: number
  /** The debugger changed its registers while it slept in a call, which is restarted if they are put back. */
  abandoned: AbandonedCall | undefined
  /** For another process's thread: the address of the breakpoint whose instruction it executes. */
  lifted: number | undefined
}

interface AbandonedCall {
  readonly callNumber: number
  readonly firstArgument: bigint
  /** The address after the call. */
  readonly behind: number
  /** What the call had done already, which is not done again. */
  readonly result: number | undefined
}

export function newThread(): Thread {
  const nothing = {range: undefined, signal: undefined, abandoned: undefined, lifted: undefined}
  return {mode: 'goes', isAsked: false, passed: 0, ...nothing}
}

/** @param signal replaces the one that it stopped for; 0: none */
export function sendOnward(task: Task, thread: Thread, signal: number): void {
  const stoppedFor = thread.signal
  thread.signal = undefined
  thread.passed = signal
  if (signal === 0) return
  const info = stoppedFor?.signal === signal ? stoppedFor.info : plainInfo(signal, SI_USER)
  task.signals.pending.add({signal, info})
}

/** As Linux does for a debugger: a sleeping call ends when registers are written, and is restarted if they are put back. */
export function leaveCall(task: Task, thread: Thread): void {
  if (task.wait === undefined) return
  const {callNumber} = task.context
  const firstArgument = task.arguments.raw(0)
  task.kernel.abandonCall(task)
  const registers = task.context.readRegisters()
  const got = Number(arch.callResult(registers))
  const result = got === -EINTR ? undefined : got
  arch.debug.showSleeper(registers, callNumber)
  const behind = arch.programCounter(registers)
  task.context.writeRegisters(registers)
  thread.abandoned = {callNumber, firstArgument, behind, result}
}

export function restartCall(task: Task, thread: Thread): void {
  const {abandoned} = thread
  if (abandoned === undefined) return
  const registers = task.context.readRegisters()
  const isPutBack = arch.programCounter(registers) === abandoned.behind
  if (!isPutBack || !arch.debug.isShownSleeper(registers)) return
  thread.abandoned = undefined
  const {callNumber, firstArgument, result} = abandoned
  if (result === undefined) arch.restartCall(registers, callNumber, firstArgument)
  else arch.setCallResult(registers, result)
  task.context.writeRegisters(registers)
}
