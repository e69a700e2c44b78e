// Pace: whether traps come faster while the sentry polls than they came before. They do not where something else wants the processor
// that polling takes: a reader of what the program writes, say.

/** Traps between two looks at the clock. */
const BATCH = 16
/** One batch may be slow by chance. */
const SLOW_BATCHES = 3

export class Pace {
  readonly #now: () => number
  #beforeNs = Number.POSITIVE_INFINITY
  #traps = 0
  #since = 0
  #slow = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Polling begins. @param beforeNs the time from one trap to the next until now */
  begin(beforeNs: number): void {
    this.#beforeNs = beforeNs
    this.#slow = this.#traps = 0
  }

  /** Whether the last batch was slow. */
  get wasSlow(): boolean {
    return this.#slow > 0
  }

  /** Called for a trap. True: they come no faster than before. */
  isSlow(): boolean {
    if (this.#traps++ === 0) this.#since = this.#now()
    if (this.#traps <= BATCH) return false
    this.#traps = 0
    const isFaster = this.#now() - this.#since < BATCH * this.#beforeNs
    this.#slow = isFaster ? 0 : this.#slow + 1
    return this.#slow === SLOW_BATCHES
  }
}
