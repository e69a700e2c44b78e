// CpuQuota: the share of a CPU that all programs together get in each period: once it is used up, they are held until the next.

import type {TimerQueue, TimerTarget} from '../../time/timers.ts'
import type {CpuMeter} from './cpu-meter.ts'

/** As in cpu.max of Linux's cgroups. */
export const PERIOD_NS = 100_000_000
/** Checks are at least this far apart. What a late check lets through is taken off the next periods. */
const GRANULARITY_NS = 500_000
/** But of no more than so many: one call may have kept the sentry busy for long. */
const MOST_DEBT_PERIODS = 10

export class CpuQuota implements TimerTarget {
  /** No task may have a CPU now. */
  isHeld = false
  /** When to check, CLOCK_MONOTONIC nanoseconds: it cannot be used up before. */
  dueNs = 0
  /** How long tasks have been held so far, nanoseconds. */
  heldNs = 0
  #heldSinceNs = 0
  #heldUntilNs = 0
  readonly #meter: CpuMeter
  readonly #timers: TimerQueue
  readonly #cpus: number
  /** Of each period. */
  readonly #shareNs: number
  #leftNs: number
  /** What the meter showed at the last check. */
  #usedNs = 0
  #periodEndNs = 0

  /** @param percent of one CPU; @param cpus how many times as fast as the clock the meter may run */
  constructor(percent: number, meter: CpuMeter, timers: TimerQueue, cpus: number) {
    this.#meter = meter
    this.#timers = timers
    this.#cpus = cpus
    this.#shareNs = (PERIOD_NS * percent) / 100
    this.#leftNs = this.#shareNs
  }

  /** @returns whether tasks are held from now on, until a timer ends that */
  check(nowNs: number): boolean {
    if (this.isHeld || nowNs < this.dueNs) return false
    this.#settle(nowNs)
    if (this.#leftNs > 0) {
      this.dueNs = nowNs + Math.max(GRANULARITY_NS, Math.ceil(this.#leftNs / this.#cpus))
      return false
    }
    const missing = Math.floor(-this.#leftNs / this.#shareNs)
    const endNs = this.#periodEndNs + missing * PERIOD_NS
    this.isHeld = true
    this.dueNs = Number.POSITIVE_INFINITY
    this.#heldSinceNs = nowNs
    this.#heldUntilNs = endNs
    this.#timers.add(endNs, this)
    return true
  }

  /** Tasks may run again. */
  expire(): void {
    this.isHeld = false
    this.heldNs += this.#heldUntilNs - this.#heldSinceNs
    this.dueNs = this.#heldUntilNs
  }

  /** Subtracts what was used, and adds the shares of periods that have begun: never more than one of them is left. */
  #settle(nowNs: number): void {
    const usedNs = this.#meter.usedNs(nowNs)
    let leftNs = this.#leftNs - (usedNs - this.#usedNs)
    this.#usedNs = usedNs
    // The first period begins with the first check.
    this.#periodEndNs ||= nowNs + PERIOD_NS
    if (nowNs >= this.#periodEndNs) {
      const begun = 1 + Math.floor((nowNs - this.#periodEndNs) / PERIOD_NS)
      leftNs += begun * this.#shareNs
      this.#periodEndNs += begun * PERIOD_NS
    }
    this.#leftNs = Math.min(Math.max(leftNs, -MOST_DEBT_PERIODS * this.#shareNs), this.#shareNs)
  }
}
