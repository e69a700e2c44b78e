// Run: a program started from outside, with all its descendants: what they cost, and what ends with the program.

import type {Process} from '../core/process.ts'
import {Counters} from './counters.ts'
import {CpuMeter} from './cpu/cpu-meter.ts'

/**
 * Each process belongs for life to the run of the process that made it, whoever its parent becomes: a daemon is init's child, but
 * does not outlive its run.
 */
export class Run {
  /** The run ends with it. Undefined while it is being loaded; init's run has none. */
  first: Process | undefined
  readonly counters = new Counters()
  /** CPU time of all its tasks. */
  readonly cpu: CpuMeter
  /** The peak of guest memory, with all runs and files, up to when another run began. */
  peakBytes = 0

  /** @param cpu the meter of all programs */
  constructor(cpu?: CpuMeter) {
    this.cpu = new CpuMeter(cpu)
  }
}
