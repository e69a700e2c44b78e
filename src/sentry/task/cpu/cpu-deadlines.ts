// CpuDeadlines: what happens when meters reach a CPU time. Checked while something runs, and no sooner than a limit can be reached.

import type {CpuMeter} from './cpu-meter.ts'

/** Checks are at least this far apart, like a kernel's ticks. */
const GRANULARITY_NS = 1_000_000

interface Deadline {
  readonly meter: CpuMeter
  readonly limitNs: number
  readonly expire: () => void
}

export class CpuDeadlines {
  /** When to check, CLOCK_MONOTONIC nanoseconds: no meter reaches its limit before. */
  dueNs = Number.POSITIVE_INFINITY
  readonly #cpus: number
  readonly #deadlines = new Set<Deadline>()

  /** @param cpus how many times as fast as the clock a meter may run */
  constructor(cpus: number) {
    this.#cpus = cpus
  }

  /**
   * @param expire called once, when the meter has reached `limitNs`
   * @returns a function that removes the deadline
   */
  add(meter: CpuMeter, limitNs: number, expire: () => void): () => void {
    const deadline = {meter, limitNs, expire}
    this.#deadlines.add(deadline)
    this.dueNs = 0
    return () => {
      this.#deadlines.delete(deadline)
      if (this.#deadlines.size === 0) this.dueNs = Number.POSITIVE_INFINITY
    }
  }

  check(nowNs: number): void {
    if (nowNs < this.dueNs) return
    this.dueNs = Number.POSITIVE_INFINITY
    for (const deadline of [...this.#deadlines]) {
      const leftNs = deadline.limitNs - deadline.meter.usedNs(nowNs)
      if (leftNs > 0) {
        const waitNs = Math.max(GRANULARITY_NS, Math.ceil(leftNs / this.#cpus))
        this.dueNs = Math.min(this.dueNs, nowNs + waitNs)
      } else if (this.#deadlines.delete(deadline)) deadline.expire()
    }
  }
}
