// PeriodicTimer: a deadline on some clock and a period: what setitimer(2), timer_settime(2) and timerfd_settime(2) arm.

import type {Kernel} from './kernel.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'
import type {Timer, TimerQueue} from './timers.ts'

/** The clock that a timer counts on. */
export interface TimerClock {
  nowNs(): number
  /** Expirations are at least this far apart: a period of 1 ns must not keep the sentry busy. */
  readonly granularityNs: number
}

const WALL_GRANULARITY_NS = 50_000
/** A CPU clock is checked once a tick, as by a kernel with CONFIG_HZ=250. */
const CPU_GRANULARITY_NS = 4_000_000

export function monotonicClock(kernel: Kernel): TimerClock {
  return {nowNs: () => kernel.monotonicNs(), granularityNs: WALL_GRANULARITY_NS}
}

export function cpuClock(kernel: Kernel, whose: Process | Task): TimerClock {
  return {nowNs: () => whose.cpuTimeNs(kernel.monotonicNs()), granularityNs: CPU_GRANULARITY_NS}
}

/** The first bound of lateness. */
const MIN_LATE_NS = 1000
/** Until its handler has returned, a signal takes about as long again as it came late; the rest is the program's. */
const LATENESSES = 4

export class PeriodicTimer {
  readonly #queue: TimerQueue
  readonly #kernel: Kernel
  readonly #clock: TimerClock
  readonly #expired: (times: number) => void
  #timer: Timer | undefined
  #deadlineNs = 0
  #intervalNs = 0
  /** How late it usually expires: a single much later expiration counts little. */
  #lateNs = 0

  /** @param expired gets the number of periods since the last call, at least 1 */
  constructor(kernel: Kernel, clock: TimerClock, expired: (times: number) => void) {
    this.#queue = kernel.timers
    this.#kernel = kernel
    this.#clock = clock
    this.#expired = expired
  }

  get isArmed(): boolean {
    return this.#timer !== undefined
  }

  /** 0: it expires once. */
  get intervalNs(): number {
    return this.#intervalNs
  }

  /** Until the next expiration: at least 1 while armed, else 0. */
  get remainingNs(): number {
    return this.isArmed ? Math.max(1, this.#deadlineNs - this.#clock.nowNs()) : 0
  }

  nowNs(): number {
    return this.#clock.nowNs()
  }

  /** @param deadlineNs on the timer's clock; one in the past expires at once */
  arm(deadlineNs: number, intervalNs: number): void {
    this.disarm()
    this.#deadlineNs = deadlineNs
    this.#intervalNs = intervalNs
    this.#sleep(0)
  }

  /** @param intervalNs reported meanwhile, though nothing expires: a timerfd's */
  disarm(intervalNs = 0): void {
    this.#queue.cancel(this.#timer)
    this.#timer = undefined
    this.#intervalNs = intervalNs
  }

  /** The program was signalled: lets it get on before the next time, even where a signal takes longer than the period. */
  told(): void {
    if (this.#timer === undefined || this.#intervalNs === 0) return
    this.#queue.cancel(this.#timer)
    this.#sleep(LATENESSES * this.#lateNs)
  }

  /** Expires now if it is due and the queue has not reached it yet. */
  catchUp(): void {
    if (this.#timer === undefined || this.#clock.nowNs() < this.#deadlineNs) return
    this.#queue.cancel(this.#timer)
    this.#wake()
  }

  #sleep(atLeastNs: number): void {
    const delayNs = Math.max(atLeastNs, this.#deadlineNs - this.#clock.nowNs())
    this.#timer = this.#queue.add(this.#kernel.monotonicNs() + delayNs, () => this.#wake())
  }

  #wake(): void {
    const nowNs = this.#clock.nowNs()
    const {granularityNs} = this.#clock
    const lateNs = this.#kernel.monotonicNs() - this.#timer!.deadlineNs
    this.#lateNs = Math.max(0, Math.min(lateNs, 2 * this.#lateNs + MIN_LATE_NS))
    // A CPU clock stands still while nothing runs.
    if (nowNs < this.#deadlineNs) {
      this.#sleep(granularityNs)
      return
    }
    this.#timer = undefined
    let times = 1
    if (this.#intervalNs > 0) {
      times += Math.floor((nowNs - this.#deadlineNs) / this.#intervalNs)
      this.#deadlineNs += times * this.#intervalNs
      this.#sleep(granularityNs)
    }
    this.#expired(times)
  }
}
