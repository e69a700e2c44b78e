// Patience: how long the sentry looks for the next trap before it sleeps.

import {type BreakEven, breakEven, NEVER_LISTENING} from '../costs.ts'

export class Patience {
  /** What it goes by. */
  breakEven: BreakEven = breakEven(NEVER_LISTENING)
  /** What a trap by exit costs: whom KVM_RUN is still to bring into the guest is late by as much, at most. */
  entryNs = 0
  readonly #now: () => number
  #until = 0
  #isToEnter = false

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** There was something. */
  renew(): void {
    this.#until = 0
    this.#isToEnter = false
  }

  /** Who is waited for goes on by KVM_RUN. */
  allowEntry(): void {
    this.#isToEnter = true
  }

  /** Nothing yet: look on? */
  lasts(): boolean {
    const now = this.#now()
    if (this.#until === 0)
      this.#until = now + this.breakEven.patienceNs + (this.#isToEnter ? this.entryNs : 0)
    return now < this.#until
  }
}
