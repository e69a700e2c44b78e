// Patience: how long a sentry may take to do what it was told, before it is ended from outside.

/**
 * A second in ten parts: on a busy machine, both threads are late. What the thread has said meanwhile is heard before it
 * is given up.
 */
const PARTS = 10
const PART_MS = 100
/** It may say much without doing what it was told. */
const LONGEST_ALIVE_MS = 10_000
/** Node's timers are no longer than this: 24 days. */
const LONGEST_MS = 2 ** 31 - 1 - PART_MS

export class Patience {
  readonly #lost: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #partsLeft = 0
  /** The deadline, however alive it is. */
  #latestMs = 0

  /** @param lost called once, when patience runs out */
  constructor(lost: () => void) {
    this.#lost = lost
  }

  /** Starts to run out in `afterMs`. */
  begin(afterMs = 0): void {
    this.end()
    this.#partsLeft = PARTS
    this.#latestMs = performance.now() + afterMs + LONGEST_ALIVE_MS
    if (afterMs <= LONGEST_MS) this.#timer = setTimeout(() => this.#wait(), afterMs + PART_MS)
  }

  /** It is alive. */
  renew(): void {
    if (performance.now() < this.#latestMs) this.#partsLeft = PARTS
  }

  /** It is at work on what it was asked for, which will end. */
  extend(): void {
    this.#partsLeft = PARTS
    this.#latestMs = Math.max(this.#latestMs, performance.now() + LONGEST_ALIVE_MS)
  }

  /** It has done what it was told. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(): void {
    const timer = setTimeout(() => this.#wait(), PART_MS)
    this.#timer = timer
    if (--this.#partsLeft > 0) return
    setImmediate(() => {
      if (this.#timer !== timer || this.#partsLeft > 0) return
      this.end()
      this.#lost()
    })
  }
}
