// Thread: what a debugger knows of a task, and what becomes of its signal and its call when it is let go.

import {EINTR} from '../../abi/errno.ts'
import {plainInfo, SI_USER} from '../../abi/siginfo.ts'
import {arch} from '../../arch/index.ts'
import type {StepRange} from '../../gdb/target.ts'
import type {PendingSignal} from '../signals/pending.ts'
import type {Task} from '../task.ts'

export interface Thread {
  mode: 'held' | 'goes' | 'steps'
  /** A step is what the debugger wants, and not only a look at what is watched. */
  isAsked: boolean
  range: StepRange | undefined
  /** What it stopped for, and has not had. */
  signal: PendingSignal | undefined
  /** The next one of this number is not asked about. */
  passed: number
  /** The debugger changed its registers while it slept in a call, which is made anew if it puts them back. */
  abandoned: AbandonedCall | undefined
  /** Of another process: it executes what a breakpoint stands for. */
  lifted: number | undefined
}

interface AbandonedCall {
  readonly callNumber: number
  readonly firstArgument: bigint
  /** Where the call ends. */
  readonly behind: number
  /** It had done something: that is not done anew. */
  readonly result: number | undefined
}

export function newThread(): Thread {
  const nothing = {range: undefined, signal: undefined, abandoned: undefined, lifted: undefined}
  return {mode: 'goes', isAsked: false, passed: 0, ...nothing}
}

/** @param signal in place of what it stopped for; 0: none */
export function sendOnward(task: Task, thread: Thread, signal: number): void {
  const stoppedFor = thread.signal
  thread.signal = undefined
  thread.passed = signal
  if (signal === 0) return
  const info = stoppedFor?.signal === signal ? stoppedFor.info : plainInfo(signal, SI_USER)
  task.signals.pending.add({signal, info})
}

/** As Linux does for a debugger: a call that sleeps ends when registers are written, and is made anew if they are put back. */
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
