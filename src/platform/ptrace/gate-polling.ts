// GatePolling: when the sentry polls for calls through the gate, with the program on another processor. Each call that it finds costs
// less than a stop; each other stop costs an additional wake-up there, compared with the sentry's own processor.

import {breakEven, type Costs, looksOf} from '../costs.ts'
import {Pace} from '../pace.ts'
import {CAME_POLLED, CAME_POLLED_LATE, CAME_RANG} from '../trap-words.ts'

/** Traps between two looks at the clock. */
const BATCH = 8
const SMOOTH = 4
/** What a stop costs in addition there: its processor falls asleep meanwhile, and is woken. */
const WAKE_UPS = 2
/** There and back. */
const MOVES = 2
/** The gate looks for an answer for as long as this many stops take: it usually comes, and a sentry that goes to sleep first says so. */
const ANSWERS = 8
/** Calls through the gate before the first time: until then V8 compiles the sentry, on the processor that the program would take. */
const WARM = 16_384
/** When polling was in vain, it takes twice as much to begin again: at most this many times as much. */
const MOST_DOUBT = 16
/** The same when calls came no faster: each such trial costs some fifty of them. */
const MOST_DOUBT_SLOW = 1024
const SLOW_DOUBTS = 4

/** How often to look: Looks of native/ptrace/traced_context.h. */
export interface Looks {
  spinLooks: number
  answerLooks: number
  stopLooks: number
}

export class GatePolling {
  looks: Looks = {spinLooks: 0, answerLooks: 0, stopLooks: 1}
  readonly #now: () => number
  #sparedNs = 0
  #lostNs = 0
  /** The cost of moving the program there and back: that much must be gained first, and may be lost. */
  #stakeNs = 0
  #quickNs = 0
  #isOn = false
  /** What polling has saved lately, or would have. */
  #balanceNs = 0
  #doubt = 1
  #found = 0
  #isForced = false
  readonly #pace: Pace
  #untilWarm = WARM
  // For the batch, while it does not poll.
  #traps = 0
  #rings = 0
  #since = 0
  /** From one quick trap to the next, lately. */
  #everyNs = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
    this.#pace = new Pace(now)
  }

  useCosts(costs: Costs): void {
    const {trapNs, wakeUpNs = 0, lookNs} = costs
    this.#lostNs = WAKE_UPS * wakeUpNs
    const {spinNs, quickNs} = breakEven({...costs, wakeUpNs: this.#lostNs})
    this.#sparedNs = spinNs - this.#lostNs
    this.#stakeNs = MOVES * (trapNs + this.#lostNs)
    this.#quickNs = quickNs
    this.looks = {
      spinLooks: looksOf(spinNs, lookNs),
      answerLooks: looksOf(ANSWERS * (trapNs + this.#lostNs), lookNs),
      stopLooks: looksOf(trapNs, lookNs),
    }
    this.#traps = this.#rings = this.#balanceNs = 0
    this.#doubt = 1
  }

  /** From now on it polls whenever possible, whether it pays or not. */
  force(): void {
    this.#isForced = true
  }

  /**
   * The program trapped.
   * @param came CAME_*
   * @returns whether to begin to poll, or to stop
   */
  trapped(came: number): boolean {
    if (this.#quickNs === 0) return false
    if (this.#isForced) return !this.#isOn && this.#begin()
    return this.#isOn ? this.#isInVain(came) : this.#isWorth(came)
  }

  /** Other contexts run, too. */
  stop(): void {
    this.#isOn = false
    this.#traps = this.#rings = this.#balanceNs = this.#everyNs = 0
    this.#since = this.#now()
  }

  #isWorth(came: number): boolean {
    this.#traps++
    if (came === CAME_RANG) this.#rings++
    if (this.#traps < BATCH) return false
    const now = this.#now()
    const isQuick = now - this.#since < BATCH * this.#quickNs
    const everyNs = (now - this.#since) / BATCH
    if (!isQuick) this.#everyNs = 0
    else this.#everyNs += this.#everyNs === 0 ? everyNs : (everyNs - this.#everyNs) / SMOOTH
    const rings = this.#rings
    const balance = rings * this.#sparedNs - (BATCH - rings) * this.#lostNs
    this.#balanceNs = isQuick ? Math.max(0, this.#balanceNs + balance) : 0
    this.#since = now
    this.#traps = this.#rings = 0
    this.#untilWarm -= rings
    if (this.#untilWarm > 0 || this.#balanceNs < this.#stakeNs * this.#doubt) return false
    this.#pace.begin(this.#everyNs)
    return this.#begin()
  }

  #begin(): true {
    this.#isOn = true
    this.#found = 0
    this.#balanceNs = this.#stakeNs
    return true
  }

  #isInVain(came: number): boolean {
    if (this.#pace.isSlow()) {
      this.#doubt = Math.min(this.#doubt * SLOW_DOUBTS, MOST_DOUBT_SLOW)
      return true
    }
    if (came === CAME_POLLED) {
      this.#found++
      this.#balanceNs = Math.min(this.#stakeNs, this.#balanceNs + this.#sparedNs)
      return false
    }
    if (came === CAME_POLLED_LATE) this.#found++
    this.#balanceNs -= this.#lostNs
    if (this.#balanceNs > 0) return false
    const wasWorth = this.#found * this.#sparedNs > this.#stakeNs && !this.#pace.wasSlow
    this.#doubt = wasWorth ? 1 : Math.max(this.#doubt, Math.min(this.#doubt * 2, MOST_DOUBT))
    return true
  }
}
