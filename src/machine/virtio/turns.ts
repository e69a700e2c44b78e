// Turns: work on a queue, so much in a turn of the event loop, so that no guest holds it up.

const MOST_STEPS = 256
const MOST_BYTES = 1 << 20

export class Turns {
  readonly #step: () => number | undefined
  #next: NodeJS.Immediate | undefined
  #isRunning = false
  #isWanted = false

  /** @param step does one piece of the work. It returns how many bytes that took; undefined: there is nothing to do now */
  constructor(step: () => number | undefined) {
    this.#step = step
  }

  /** There may be something to do: now, unless a later turn is due already. */
  wake(): void {
    this.#isWanted = true
    if (this.#next === undefined && !this.#isRunning) this.#turn()
  }

  /** The same in a turn of its own: for who is woken by what the guest made happen. */
  wakeLater(): void {
    this.#next ??= setImmediate(() => this.#turn())
  }

  stop(): void {
    clearImmediate(this.#next)
    this.#next = undefined
    this.#isWanted = false
  }

  #turn(): void {
    this.#next = undefined
    this.#isRunning = true
    try {
      if (this.#work()) return
    } finally {
      this.#isRunning = false
    }
    this.wakeLater()
  }

  /** @returns false when there is more than a turn's work */
  #work(): boolean {
    let bytes = 0
    for (let steps = 0; steps < MOST_STEPS && bytes < MOST_BYTES; steps++) {
      this.#isWanted = false
      const done = this.#step()
      // A step may wake what it belongs to: by an interrupt, whose handler notifies.
      if (done === undefined && !this.#isWanted) return true
      bytes += done ?? 0
    }
    return false
  }
}
