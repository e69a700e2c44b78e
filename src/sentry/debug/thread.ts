// Thread: what a debugger knows about a task, and what happens to its signal and its call when it goes on.

import {EINTR} from '../../abi/errno.ts'
import {plainInfo, SI_USER} from '../../abi/siginfo.ts'
import {arch} from '../../arch/index.ts'
import type {StepRange} from '../../gdb/target.ts'
import type {PendingSignal} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import {isBeforeCall} from './caught-call.ts'
import type {DebuggedMemory} from './debugged-memory.ts'
import type {Access} from './watches.ts'

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
  /** For the thread of a process that is not debugged: the breakpoint whose instruction it executes. */
  lifted: {readonly memory: DebuggedMemory; readonly address: number} | undefined
  /** The pages of watched memory that it may access for one instruction, and the accesses that it began there. */
  touching:
    | {readonly memory: DebuggedMemory; readonly pages: number[]; readonly accesses: Access[]}
    | undefined
  /** The caught call that it makes. */
  call: number | undefined
  /** The call by which it made a process: its return is caught even if the debugger caught no calls before. */
  fork: number | undefined
}

interface AbandonedCall {
  readonly callNumber: number
  readonly firstArgument: bigint
  /** The address after the call. */
  readonly behind: number
  /** What the call had done already, which is not done again. */
  readonly result: number | undefined
  /** It was caught before it was made: its arguments are the registers'. */
  readonly isBefore: boolean
}

export function newThread(): Thread {
  const nothing = {
    range: undefined,
    signal: undefined,
    abandoned: undefined,
    lifted: undefined,
    touching: undefined,
    call: undefined,
    fork: undefined,
  }
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
  const isBefore = isBeforeCall(task)
  const {call} = thread
  // It has not returned.
  thread.call = undefined
  task.kernel.abandonCall(task)
  thread.call = call
  const registers = task.context.readRegisters()
  const got = Number(arch.callResult(registers))
  const result = got === -EINTR ? undefined : got
  if (isBefore) arch.debug.showCall(registers, callNumber, firstArgument)
  else arch.debug.showSleeper(registers, callNumber)
  const behind = arch.programCounter(registers)
  task.context.writeRegisters(registers)
  thread.abandoned = {callNumber, firstArgument, behind, result, isBefore}
}

export function restartCall(task: Task, thread: Thread): void {
  const {abandoned} = thread
  if (abandoned === undefined) return
  const registers = task.context.readRegisters()
  const isPutBack = arch.programCounter(registers) === abandoned.behind
  if (!isPutBack || !(abandoned.isBefore || arch.debug.isShownSleeper(registers))) return
  thread.abandoned = undefined
  const {callNumber, result, isBefore} = abandoned
  const firstArgument = isBefore ? BigInt.asUintN(64, arch.callResult(registers)) : abandoned.firstArgument
  if (result === undefined) arch.restartCall(registers, callNumber, firstArgument)
  else arch.setCallResult(registers, result)
  task.context.writeRegisters(registers)
}
