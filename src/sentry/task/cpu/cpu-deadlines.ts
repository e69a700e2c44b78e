// CpuDeadlines: what happens when meters reach a CPU time. Checked while something runs, and no sooner than a limit can be reached.

import type {TimerTarget} from '../../time/timers.ts'
import type {CpuMeter} from './cpu-meter.ts'

/** Checks are at least this far apart, like a kernel's ticks. */
const GRANULARITY_NS = 1_000_000

export interface CpuDeadline {
  readonly meter: CpuMeter
  readonly limitNs: number
  readonly target: TimerTarget
}

export class CpuDeadlines {
  /** When to check, CLOCK_MONOTONIC nanoseconds: no meter reaches its limit before. */
  dueNs = Number.POSITIVE_INFINITY
  readonly #cpus: number
  readonly #deadlines = new Set<CpuDeadline>()

  /** @param cpus how many times as fast as the clock a meter may run */
  constructor(cpus: number) {
    this.#cpus = cpus
  }

  /** @param target told once, when the meter has reached `limitNs` */
  add(meter: CpuMeter, limitNs: number, target: TimerTarget): CpuDeadline {
    const deadline = {meter, limitNs, target}
    this.#deadlines.add(deadline)
    this.dueNs = 0
    return deadline
  }

  /** Cancelling one that has come is no error. */
  cancel(deadline: CpuDeadline | undefined): void {
    if (deadline === undefined) return
    this.#deadlines.delete(deadline)
    if (this.#deadlines.size === 0) this.dueNs = Number.POSITIVE_INFINITY
  }

  check(nowNs: number): void {
    if (nowNs < this.dueNs) return
    this.dueNs = Number.POSITIVE_INFINITY
    for (const deadline of [...this.#deadlines]) {
      const leftNs = deadline.limitNs - deadline.meter.usedNs(nowNs)
      if (leftNs > 0) {
        const waitNs = Math.max(GRANULARITY_NS, Math.ceil(leftNs / this.#cpus))
        this.dueNs = Math.min(this.dueNs, nowNs + waitNs)
      } else if (this.#deadlines.delete(deadline)) deadline.target.expire()
    }
  }
}
