// Listening: when the sentry spins on the trap frame in place of waiting for exits. It pays while the program traps in quick
// succession, and needs a second processor.

import {availableParallelism} from 'node:os'
import type {Patience} from './patience.ts'

/** Traps in a row that must be quick: at first, and at most, after listening was in vain, which costs as much as some three of them. */
const STREAK_MIN = 8
const STREAK_MAX = 32
/** Parking, and each call that the shim gave up on, cost as much as some traps by exit: with fewer heard it was in vain. */
const WORTH = 16
/** System calls that the shim gave up on: so many are chance, and one in so many. */
const MISSES_MIN = 4
const MISSES_SHARE = 64

export class Listening {
  readonly #now: () => number
  readonly #patience: Patience
  readonly #possible = availableParallelism() > 1
  #streak = STREAK_MIN
  #traps = 0
  #since = 0
  #listened = 0
  #missed = 0
  #isParked = false

  /**
   * @param now CLOCK_MONOTONIC nanoseconds
   * @param patience what it goes by, and for how long it listens in vain
   */
  constructor(now: () => number, patience: Patience) {
    this.#now = now
    this.#patience = patience
  }

  /** One more trap by exit. True: listen from here on. */
  exited(): boolean {
    if (!this.#possible || ++this.#traps < this.#streak) return false
    const now = this.#now()
    const quick = now - this.#since < this.#streak * this.#patience.breakEven.quickNs
    this.#since = now
    this.#traps = 0
    this.#listened = 0
    this.#missed = 0
    this.#isParked = false
    this.#patience.renew()
    return quick
  }

  /** One more trap while listening. */
  heard(): void {
    this.#listened++
    this.#patience.renew()
  }

  /** Nothing yet: spin on? */
  patient(): boolean {
    return this.#patience.lasts()
  }

  /** The spin was in vain: the next trap comes by an exit. */
  parked(): void {
    this.#patience.renew()
    this.#isParked = true
  }

  /**
   * A trap came by an exit while listening. True: exits are back, because nobody spins any more, or because the shim
   * keeps giving up: the sentry is not given the processor that it spins on.
   * @param gaveUp a system call, which the shim had waited with
   */
  missed(gaveUp: boolean): boolean {
    this.#patience.renew()
    if (gaveUp && !this.#isParked) this.#missed++
    if (!this.#isParked && this.#missed < MISSES_MIN + this.#listened / MISSES_SHARE) return false
    this.#traps = 0
    this.#since = this.#now()
    const wasWorth = this.#listened >= WORTH * (1 + this.#missed)
    this.#streak = wasWorth ? STREAK_MIN : Math.min(this.#streak * 2, STREAK_MAX)
    return true
  }
}
