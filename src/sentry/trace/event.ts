// TraceEvent: what `hv trace --json` prints, one per line, and what a sandbox's listener gets.

import {errnoName} from '../../abi/errno.ts'
import type {CallRecord, ExitRecord, Outcome, SignalRecord} from './call-record.ts'
import {wallClockUs} from './stamps.ts'

interface Happening {
  /** The task's number in the guest. */
  pid: number
  /** When it began: seconds since 1970, to the microsecond. */
  time: number
}

/**
 * A system call that has ended, or never will. Exactly one of `result`, `error`, `interrupted` and `unfinished` is set.
 * @see {@link TraceEvent}
 */
export interface TraceSyscallEvent extends Happening {
  type: 'syscall'
  /** As in the manual; `syscall_0x1f4` for a number without one. */
  name: string
  /** As strace writes them. */
  args: string[]
  /** What the program got: an address, a descriptor, a count. */
  result?: number
  /** What strace writes in parentheses after the result: `flags FD_CLOEXEC`. With an error: that hv refused the call, and what would allow it. */
  note?: string
  /** `ENOENT`. */
  error?: string
  /** A signal ended the wait; the kernel's name for what happens next: `ERESTARTSYS`. */
  interrupted?: string
  /** `exited`: its process ended during the call. `detached`: the trace ended before the call did. */
  unfinished?: 'exited' | 'detached'
  /** How long it took in nanoseconds, waiting included; absent if it never returned. */
  durationNs?: number
}

/** A signal arrived: a handler of the program runs, or the program dies of it. @see {@link TraceEvent} */
export interface TraceSignalEvent extends Happening {
  type: 'signal'
  /** `SIGSEGV`. */
  name: string
  /** siginfo_t as strace writes it. */
  info: string
}

/** A program has ended. Exactly one of `code` and `signal` is set. @see {@link TraceEvent} */
export interface TraceExitEvent extends Happening {
  type: 'exit'
  /** 0 to 255. */
  code?: number
  /** `SIGKILL`. */
  signal?: string
}

/**
 * One event of a trace.
 *
 * @example
 * const tell = (event: TraceEvent) => {
 *   if (event.type === 'syscall') console.log(event.name, event.args[0], event.result ?? event.error) // write 1 3
 *   if (event.type === 'signal') console.log(event.name, event.info) // e.g. SIGSEGV {si_signo=SIGSEGV, …}
 *   if (event.type === 'exit') console.log(event.code ?? event.signal) // SIGSEGV
 * }
 * await sandbox.startTrace(tell, {calls: 'write'})
 * await sandbox.run('/bin/busybox', ['sh', '-c', 'echo hi; kill -SEGV $$'])
 */
export type TraceEvent = TraceSyscallEvent | TraceSignalEvent | TraceExitEvent

const US_PER_SECOND = 1e6

export function callEvent({tid, name, args, outcome, startedNs, durationNs}: CallRecord): TraceSyscallEvent {
  return {
    type: 'syscall',
    pid: tid,
    time: timeOf(startedNs),
    name,
    args: [...args],
    ...outcomeFields(outcome),
    ...(durationNs !== undefined && {durationNs}),
  }
}

export function signalEvent({tid, name, info, atNs}: SignalRecord): TraceSignalEvent {
  return {type: 'signal', pid: tid, time: timeOf(atNs), name, info}
}

export function exitEvent({pid, code, signal, atNs}: ExitRecord): TraceExitEvent {
  return {type: 'exit', pid, time: timeOf(atNs), ...(signal === undefined ? {code} : {signal})}
}

function outcomeFields(outcome: Outcome): Partial<TraceSyscallEvent> {
  switch (outcome.kind) {
    case 'result':
      return {result: outcome.value, ...(outcome.note !== undefined && {note: outcome.note})}
    case 'error':
      return {error: errnoName(outcome.code), ...(outcome.note !== undefined && {note: outcome.note})}
    case 'interrupted':
      return {interrupted: outcome.name}
    case 'unfinished':
      return {unfinished: 'exited'}
    case 'detached':
      return {unfinished: 'detached'}
  }
}

function timeOf(atNs: number): number {
  return wallClockUs(atNs) / US_PER_SECOND
}
