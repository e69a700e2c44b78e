// KeptBytes: bytes kept in the pieces that they came in, and joined over several turns of the event loop, which one copy would hold up.

import {GrowingBytes} from '../../protocol/growing-bytes.ts'
import {oneTurn} from './text.ts'

/** Smaller ones are joined first: each would cost more than it holds. */
const LARGE_BYTES = 1 << 16
/** Takes some hundred microseconds in memory that was never touched. */
const COPIED_IN_A_TURN = 1 << 20

export class KeptBytes {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = []
  /** These come after the large ones. */
  readonly #small = new GrowingBytes()
  #length = 0

  /** @param bytes given away */
  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#length += bytes.length
    if (bytes.length < LARGE_BYTES) {
      this.#small.append(bytes)
      if (this.#small.length >= LARGE_BYTES) this.#keepSmall()
    } else {
      this.#keepSmall()
      this.#pieces.push(bytes)
    }
  }

  /** All of it, and nothing stays. Precondition: nothing more comes. */
  async take(): Promise<Uint8Array<ArrayBuffer>> {
    this.#keepSmall()
    const pieces = this.#pieces.splice(0)
    const length = this.#length
    this.#length = 0
    if (pieces.length === 1) return pieces[0]
    const whole = new Uint8Array(length)
    let done = 0
    let copied = 0
    for (const piece of pieces) {
      whole.set(piece, done)
      done += piece.length
      copied += piece.length
      if (copied < COPIED_IN_A_TURN) continue
      copied = 0
      await oneTurn()
    }
    return whole
  }

  #keepSmall(): void {
    if (this.#small.length > 0) this.#pieces.push(this.#small.take())
  }
}
