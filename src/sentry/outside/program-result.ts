// ProgramResult: how a program ended, and what it cost.

import type {BrokenPledge} from '../pledge/broken-pledge.ts'

/** `time`: by the wall clock; `cpu-time`: by the CPU time of the program and its processes. */
export const TIME_LIMITS = ['time', 'cpu-time'] as const
export type TimeLimit = (typeof TIME_LIMITS)[number]

/** How a program ended. Exactly one of `exitCode` and `signal` is a number, or neither after a time-out. */
export interface ProgramResult {
  exitCode: number | null
  /** The number of the signal that killed the guest. */
  signal: number | null
  timedOut: boolean
  /** Which time was up. */
  timedOutBy?: TimeLimit
  /** It was killed because guest memory was full, or what the sentry kept for it grew too large: `signal` is SIGKILL. */
  outOfMemory?: boolean
  /** In the second case: what became too large. */
  outgrown?: string
  /** It was killed for a call that it had not promised: `signal` is SIGSYS. */
  broken?: BrokenPledge
  /** Its calls that the sentry refuses on purpose with ENOSYS: how often, by name. */
  refused?: Readonly<Record<string, number>>
  /** What --allow-net would have had to say for its calls that were refused because they would have left the sandbox. */
  neededRules?: readonly string[]
  stats: RunStats
}

/**
 * Counters and times by name, in the order in which they are printed; times end in `Ns` and are nanoseconds.
 *
 * @example
 * const {stats} = await sandbox.run('/bin/busybox', ['true'])
 * console.log(stats.syscalls, stats.cpuNs, stats.peakBytes) // e.g. 16 29213040 2252800
 */
export type RunStats = Record<string, number>
