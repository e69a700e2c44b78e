// Polling: when the sentry spins on the trap frame instead of waiting for exits. Polling pays while the program traps in quick
// succession, and needs a second processor.

import {availableParallelism} from 'node:os'
import {type BreakEven, breakEven, NEVER_POLLING} from '../costs.ts'
import {Pace} from '../pace.ts'
import type {KvmContext} from './context.ts'

/** How many traps in a row must be quick: at first, and at most after polling was in vain, which costs as much as about three traps. */
const STREAK_MIN = 8
const STREAK_MAX = 32
/** The same when traps came no faster: each such trial costs some fifty of them. */
const STREAK_MAX_SLOW = 4096
const SLOW_STREAKS = 4
/** Parking, and each call that the shim gave up on, cost as much as several traps by exit: if polling found fewer, it was in vain. */
const WORTH = 16
/** System calls that the shim gave up on: this many may be chance, and one in so many. */
const MISSES_MIN = 4
const MISSES_SHARE = 64

export class Polling {
  readonly #now: () => number
  readonly #spinLimit: SpinLimit
  readonly #pace: Pace
  readonly #possible = availableParallelism() > 1
  #streak = STREAK_MIN
  #traps = 0
  #since = 0
  #found = 0
  #missed = 0
  #isParked = false

  /**
   * @param now CLOCK_MONOTONIC nanoseconds
   * @param spinLimit gives the costs, and how long to poll in vain
   */
  constructor(now: () => number, spinLimit: SpinLimit) {
    this.#now = now
    this.#spinLimit = spinLimit
    this.#pace = new Pace(now)
  }

  /** Called for a trap by exit. True: poll from here on. */
  exited(): boolean {
    if (!this.#possible || ++this.#traps < this.#streak) return false
    const now = this.#now()
    const everyNs = (now - this.#since) / this.#streak
    const quick = everyNs < this.#spinLimit.breakEven.quickNs
    if (quick) this.#pace.begin(everyNs)
    this.#since = now
    this.#traps = 0
    this.#found = 0
    this.#missed = 0
    this.#isParked = false
    this.#spinLimit.renew()
    return quick
  }

  /** Called for a trap that polling found. True: go back to exits, because traps come no faster than by these. */
  found(): boolean {
    this.#found++
    this.#spinLimit.renew()
    if (!this.#pace.isSlow()) return false
    this.#rest()
    this.#streak = Math.min(this.#streak * SLOW_STREAKS, STREAK_MAX_SLOW)
    return true
  }

  /** Nothing has come yet: whether to spin on. */
  spinsOn(): boolean {
    return this.#spinLimit.lasts()
  }

  /** The spin was in vain: the next trap comes by an exit. */
  parked(): void {
    this.#spinLimit.renew()
    this.#isParked = true
  }

  /**
   * A trap came by an exit while polling. True: go back to exits, because the sentry has stopped spinning, or because the shim
   * keeps giving up: the sentry does not get the processor that it spins on.
   * @param gaveUp it is a system call, and the shim gave up waiting for its answer
   */
  missed(gaveUp: boolean): boolean {
    this.#spinLimit.renew()
    if (gaveUp && !this.#isParked) this.#missed++
    if (!this.#isParked && this.#missed < MISSES_MIN + this.#found / MISSES_SHARE) return false
    this.#rest()
    const wasWorth = this.#found >= WORTH * (1 + this.#missed) && !this.#pace.wasSlow
    this.#streak = wasWorth ? STREAK_MIN : Math.max(this.#streak, Math.min(this.#streak * 2, STREAK_MAX))
    return true
  }

  /** The next streak begins. */
  #rest(): void {
    this.#traps = 0
    this.#since = this.#now()
  }
}

/** How long the sentry looks for the next trap before it sleeps. */
export class SpinLimit {
  /** The costs that it follows. */
  breakEven: BreakEven = breakEven(NEVER_POLLING)
  /** The cost of a trap by exit: a context that KVM_RUN still has to bring into the guest is late by at most that. */
  entryNs = 0
  readonly #now: () => number
  #until = 0
  #isToEnter = false

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Something has come. */
  renew(): void {
    this.#until = 0
    this.#isToEnter = false
  }

  /** The context that is waited for goes on through KVM_RUN. */
  allowEntry(): void {
    this.#isToEnter = true
  }

  /** Nothing has come yet: whether to look on. */
  lasts(): boolean {
    const now = this.#now()
    if (this.#until === 0) this.#until = now + this.breakEven.spinNs + (this.#isToEnter ? this.entryNs : 0)
    return now < this.#until
  }
}

/** How often it looks at each frame between two looks at the clock. */
const ROUNDS = 128

/** The first, in the order of `contexts`, that has trapped; undefined: none did for some microseconds. */
export function firstToTrap(contexts: readonly KvmContext[], attention: Int32Array): KvmContext | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    for (const context of contexts) if (context.cpu.hasNews) return context
    if (Atomics.load(attention, 0) !== 0) return undefined
  }
  return undefined
}
