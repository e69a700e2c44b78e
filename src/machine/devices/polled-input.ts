// PolledInput: input for a serial port that a guest polls: opened when the guest wants some, and not before.

import type {MachineInput} from '../streams.ts'

/** So many looks at the status, one after another: the guest waits for input. A driver looks once before each byte it sends. */
const WAITING_POLLS = 16

export class PolledInput {
  readonly #input: MachineInput
  #polls = 0

  constructor(input: MachineInput) {
    this.#input = input
  }

  /** The guest does nothing but ask for input. */
  get isWaiting(): boolean {
    return this.#polls >= WAITING_POLLS
  }

  get hasByte(): boolean {
    return this.#input.hasByte
  }

  get hasEnded(): boolean {
    return this.#input.hasEnded
  }

  /** The guest wants to hear of input. */
  start(): void {
    this.#input.start()
  }

  /** The guest looks at the status. */
  poll(): void {
    this.#polls++
    // Not before: hv would take input that the guest never wants from whoever comes next.
    if (this.isWaiting) this.#input.start()
  }

  /** The guest does something else. */
  stopPolling(): void {
    this.#polls = 0
  }

  /** The next byte, or 0. */
  take(): number {
    this.stopPolling()
    this.#input.start()
    return this.#input.take() ?? 0
  }
}
