// Patience: how long the sentry looks for the next trap before it sleeps.

/** About what a wake-up costs. */
const SPIN_NS = 50_000

export class Patience {
  readonly #now: () => number
  #until = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** There was something. */
  renew(): void {
    this.#until = 0
  }

  /** Nothing yet: look on? */
  lasts(): boolean {
    const now = this.#now()
    if (this.#until === 0) this.#until = now + SPIN_NS
    return now < this.#until
  }
}
