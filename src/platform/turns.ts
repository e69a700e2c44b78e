// Turns: when contexts take turns on fewer processors, so that the sentry polls on one: README.md, "Taking turns".

/** Calls between two looks at the clock. */
const BATCH = 32
/** So many batches in a row must say so before turns begin: one may be quick by chance. */
const QUICK_BATCHES = 2
/** They end when calls come this many times further apart than they must to begin. */
const HYSTERESIS = 4 / 3

export class Turns {
  /** Calls of several contexts that come no further apart than this cost more than a context's processor is worth; 0: never. Nanoseconds. */
  everyNs = 0
  readonly #now: () => number
  #isOn = false
  #calls = 0
  /** 0: at the next call. */
  #since = 0
  #quick = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  get areTaken(): boolean {
    return this.#isOn
  }

  /** @returns whether a batch is complete: `judge` is to be called */
  called(): boolean {
    if (this.everyNs === 0) return false
    if (this.#calls++ === 0) this.#since = this.#now()
    return this.#calls > BATCH
  }

  /** @param isPossible what turns take away is not in use */
  judge(isPossible: boolean): void {
    const everyNs = (this.#now() - this.#since) / BATCH
    this.#calls = 0
    if (this.#isOn) {
      if (everyNs > this.everyNs * HYSTERESIS) this.#isOn = false
      return
    }
    if (!isPossible) return
    this.#quick = everyNs < this.everyNs ? this.#quick + 1 : 0
    if (this.#quick < QUICK_BATCHES) return
    this.#isOn = true
    this.#quick = 0
  }

  /** A context's slice has ended while others waited: one that made few calls would be better off on a processor of its own. */
  sliceEnded(): void {
    if (!this.#isOn) return
    const isSlow = this.#now() - this.#since > this.#calls * this.everyNs * HYSTERESIS
    // Without a call, nothing says when the slice began.
    if (this.#calls === 0 || isSlow) this.#isOn = false
    this.#calls = 0
  }

  /** Nothing runs, or too few to take turns: what comes next is a new beginning. */
  pause(): void {
    this.#calls = 0
  }
}
