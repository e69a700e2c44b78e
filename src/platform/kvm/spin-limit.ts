// SpinLimit: how long the sentry looks for the next trap before it sleeps.

import {type BreakEven, breakEven, NEVER_POLLING} from '../costs.ts'

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
