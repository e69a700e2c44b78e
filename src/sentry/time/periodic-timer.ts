// PeriodicTimer: a deadline on some clock and a period: what setitimer(2), timer_settime(2) and timerfd_settime(2) arm.

import type {Kernel} from '../core/kernel.ts'
import type {Task} from '../core/task.ts'
import type {Timer, TimerQueue, TimerTarget} from './timers.ts'

const WALL_GRANULARITY_NS = 50_000
/** As of a kernel with CONFIG_HZ=250. A CPU clock is checked once a tick. */
export const TICK_NS = 4_000_000

/** The clock that a timer counts on: CLOCK_MONOTONIC, or the CPU time of a process or task. */
export class TimerClock {
  /** Expirations are at least this far apart: a period of 1 ns must not keep the sentry busy. */
  readonly granularityNs: number
  readonly #kernel: Kernel
  readonly #counted: Pick<Task, 'cpuTimeNs'> | undefined

  /** @param counted whose CPU time it shows; absent: it is CLOCK_MONOTONIC */
  constructor(kernel: Kernel, counted?: Pick<Task, 'cpuTimeNs'>) {
    this.granularityNs = counted === undefined ? WALL_GRANULARITY_NS : TICK_NS
    this.#kernel = kernel
    this.#counted = counted
  }

  nowNs(): number {
    const nowNs = this.#kernel.monotonicNs()
    return this.#counted === undefined ? nowNs : this.#counted.cpuTimeNs(nowNs)
  }

  /** When, on CLOCK_MONOTONIC, to look whether it shows a time to come. A CPU clock may stand still, or be late. */
  deadlineNs(timeNs: number): number {
    if (this.#counted === undefined) return timeNs
    return this.#kernel.monotonicNs() + Math.max(timeNs - this.nowNs(), this.granularityNs)
  }
}

/** What a periodic timer is for. */
export interface TimerOwner {
  /**
   * @param times the number of periods since the last call, at least 1
   * @returns a timer with a period goes on after at least as many nanoseconds. undefined: it rests until `goOn` or `told`, as nobody
   * would learn of more
   */
  expired(times: number): number | undefined
}

/** The first bound of lateness. */
const MIN_LATE_NS = 1000
/** Until its handler has returned, a signal takes about as long again as it came late; the rest is the program's. */
const LATENESSES = 4

export class PeriodicTimer implements TimerTarget {
  readonly #queue: TimerQueue
  readonly #kernel: Kernel
  readonly #clock: TimerClock
  readonly #owner: TimerOwner
  #isArmed = false
  #isTelling = false
  /** undefined: it is not armed, or rests. */
  #timer: Timer | undefined
  #deadlineNs = 0
  #intervalNs = 0
  /** How late it usually expires: a single much later expiration counts little. */
  #lateNs = 0

  constructor(kernel: Kernel, clock: TimerClock, owner: TimerOwner) {
    this.#queue = kernel.timers
    this.#kernel = kernel
    this.#clock = clock
    this.#owner = owner
  }

  get isArmed(): boolean {
    return this.#isArmed
  }

  /** 0: it expires once. */
  get intervalNs(): number {
    return this.#intervalNs
  }

  /** Until the next expiration: at least 1 while armed, else 0. */
  get remainingNs(): number {
    if (!this.#isArmed) return 0
    const leftNs = this.#deadlineNs - this.#clock.nowNs()
    // At rest, it does not count periods.
    if (leftNs <= 0 && this.#timer === undefined) return this.#intervalNs - (-leftNs % this.#intervalNs)
    return Math.max(1, leftNs)
  }

  nowNs(): number {
    return this.#clock.nowNs()
  }

  /** @param deadlineNs on the timer's clock; one in the past expires at once */
  arm(deadlineNs: number, intervalNs: number): void {
    this.disarm()
    this.#deadlineNs = deadlineNs
    this.#intervalNs = intervalNs
    this.#isArmed = true
    this.#sleep(0)
  }

  /** @param intervalNs reported meanwhile, though nothing expires: a timerfd's */
  disarm(intervalNs = 0): void {
    this.#queue.cancel(this.#timer)
    this.#timer = undefined
    this.#isArmed = false
    this.#intervalNs = intervalNs
  }

  /** The program was signalled: lets it get on before the next time, even where a signal takes longer than the period. */
  told(): void {
    if (!this.#isArmed || this.#intervalNs === 0) return
    this.#queue.cancel(this.#timer)
    this.#sleep(LATENESSES * this.#lateNs)
  }

  /** Its rest is over. While it tells of an expiration, what that returns decides. */
  goOn(): void {
    if (this.#isArmed && this.#timer === undefined && !this.#isTelling) this.#sleep(this.#clock.granularityNs)
  }

  /** Expires now if it is due and the queue has not reached it yet, or it rests. */
  catchUp(): void {
    if (!this.#isArmed || this.#clock.nowNs() < this.#deadlineNs) return
    this.#queue.cancel(this.#timer)
    this.#timer = undefined
    this.#expire()
  }

  #sleep(atLeastNs: number): void {
    const delayNs = Math.max(atLeastNs, this.#deadlineNs - this.#clock.nowNs())
    this.#timer = this.#queue.after(delayNs, this)
  }

  /** The queue has reached it. */
  expire(): void {
    const lateNs = this.#kernel.monotonicNs() - this.#timer!.deadlineNs
    this.#lateNs = Math.max(0, Math.min(lateNs, 2 * this.#lateNs + MIN_LATE_NS))
    this.#timer = undefined
    // A CPU clock stands still while nothing runs.
    if (this.#clock.nowNs() < this.#deadlineNs) this.#sleep(this.#clock.granularityNs)
    else this.#expire()
  }

  #expire(): void {
    let times = 1
    if (this.#intervalNs > 0) {
      times += Math.floor((this.#clock.nowNs() - this.#deadlineNs) / this.#intervalNs)
      this.#deadlineNs += times * this.#intervalNs
    } else this.#isArmed = false
    this.#isTelling = true
    const pauseNs = this.#owner.expired(times)
    this.#isTelling = false
    // It may have been armed anew meanwhile, or told.
    if (pauseNs === undefined || !this.#isArmed || this.#timer !== undefined) return
    this.#sleep(Math.max(pauseNs, this.#clock.granularityNs))
  }
}
