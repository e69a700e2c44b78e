// PolledInput: input for a serial port that a guest polls: opened only when the guest wants some.

import type {MachineInput} from '../console/streams.ts'

/** After this many successive reads of the status, the guest waits for input. A driver reads it once before each byte it sends. */
const WAITING_POLLS = 16

export class PolledInput {
  readonly #input: MachineInput
  #polls = 0

  constructor(input: MachineInput) {
    this.#input = input
  }

  /** The guest does nothing but poll for input. */
  get isWaiting(): boolean {
    return this.#polls >= WAITING_POLLS
  }

  get hasByte(): boolean {
    return this.#input.hasByte
  }

  get hasEnded(): boolean {
    return this.#input.hasEnded
  }

  /** The guest wants to be told of input. */
  start(): void {
    this.#input.start()
  }

  /** The guest reads the status. */
  poll(): void {
    this.#polls++
    // Not earlier: hv would take input that this guest never wants, and that is meant for the next reader.
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
