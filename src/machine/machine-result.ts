// How a machine ended, the clock of its times, and the error of a guest that cannot go on.

import {HvError} from '../errors.ts'

/** The exit code of a kernel's machine that ends with a reset. */
export const RESET_STATUS = 1

/**
 * How a machine ended.
 *
 * @example
 * const end: MachineResult = {exitCode: 0, signal: null, timedOut: false, stats: {exits: 722}}
 */
export interface MachineResult {
  /** null: stopped by a time-out, or by a signal. */
  exitCode: number | null
  signal: number | null
  timedOut: boolean
  /** Counters and times; times end in `Ns` and are nanoseconds. */
  stats: Record<string, number>
}

/** Not performance.now(): loading its module takes a millisecond of each start. */
export const nowNs = (): number => Number(process.hrtime.bigint())

export const failed = (message: string, nextStep = 'correct the guest'): HvError =>
  new HvError('VCPU_FAILED', message, nextStep)
