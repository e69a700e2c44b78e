// CpuDeadlines: what happens when meters reach so much CPU time. Looked at while something runs, and not before it can be so far.

import type {CpuMeter} from './cpu-meter.ts'

/** Looks are this far apart at least, as a kernel's ticks are. */
const GRANULARITY_NS = 1_000_000

interface Deadline {
  readonly meter: CpuMeter
  readonly limitNs: number
  readonly expire: () => void
}

export class CpuDeadlines {
  /** When to look, CLOCK_MONOTONIC nanoseconds: no meter reaches its limit before. */
  dueNs = Number.POSITIVE_INFINITY
  readonly #cpus: number
  readonly #deadlines = new Set<Deadline>()

  /** @param cpus how many times as fast as the clock a meter may go */
  constructor(cpus: number) {
    this.#cpus = cpus
  }

  /**
   * @param expire called once, when the meter has come to `limitNs`
   * @returns takes it back
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
