// Turns: does a limited amount of a queue's work in each turn of the event loop, so that no guest holds it up.

const MOST_STEPS = 256
const MOST_BYTES = 1 << 20

/** When a queue is served: 256 steps or 1 MiB at a time. @see {@link DeviceModel} */
export class Turns {
  readonly #step: () => number | undefined
  #next: NodeJS.Immediate | undefined
  #isRunning = false
  #isWanted = false

  /** @internal @param step does one piece of the work. It returns how many bytes that took; undefined when there is nothing to do now */
  constructor(step: () => number | undefined) {
    this.#step = step
  }

  /** There may be work: do it now, unless a later turn is due already. */
  wake(): void {
    this.#isWanted = true
    if (this.#next === undefined && !this.#isRunning) this.#turn()
  }

  /** The same in a later turn: for callers that the guest itself has woken. */
  wakeLater(): void {
    this.#next ??= setImmediate(() => this.#turn())
  }

  /** @internal */
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

  /** @returns false when there is more than one turn's work */
  #work(): boolean {
    let bytes = 0
    for (let steps = 0; steps < MOST_STEPS && bytes < MOST_BYTES; steps++) {
      this.#isWanted = false
      const done = this.#step()
      // A step may wake its own Turns: it interrupts, and the interrupt's handler notifies.
      if (done === undefined && !this.#isWanted) return true
      bytes += done ?? 0
    }
    return false
  }
}
