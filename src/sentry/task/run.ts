// Run: a program that was started from outside, and all that descends from it: what they cost, and what ends with the program.

import {Counters} from '../counters.ts'
import type {Process} from '../process.ts'
import {CpuMeter} from './cpu-meter.ts'

/**
 * Each process belongs to the run of who made it, for life, whoever its parent becomes: a daemon is init's child, and does not
 * outlive its run.
 */
export class Run {
  /** Its end is the run's. Undefined while it is being loaded; of init's run there is none. */
  first: Process | undefined
  readonly counters = new Counters()
  /** CPU time of all its tasks. */
  readonly cpu: CpuMeter
  /** The most that guest memory held, of all runs' and of files, up to when another run began. */
  peakBytes = 0

  /** @param cpu of all programs */
  constructor(cpu?: CpuMeter) {
    this.cpu = new CpuMeter(cpu)
  }
}
