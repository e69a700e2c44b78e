// OutputWindow: bytes on their way into a stream that may not want them yet; how many it has taken is told, for more to come.

import type {Readable} from 'node:stream'
import {GrowingBytes} from '../../protocol/growing-bytes.ts'
import {WINDOW_BYTES} from '../../protocol/messages.ts'

export class OutputWindow {
  /** Nothing more goes into the stream. */
  isOver = false
  readonly #stream: Pick<Readable, 'push'>
  readonly #tell: (bytes: number) => void
  /** Taken bytes are told in such amounts, not for each chunk. */
  readonly #toldBytes: number
  #taken = 0
  /** What the stream does not want yet, joined: small pieces would cost more than they hold. */
  readonly #held = new GrowingBytes()
  #isWanted = true

  constructor(stream: Pick<Readable, 'push'>, tell: (bytes: number) => void, windowBytes = WINDOW_BYTES) {
    this.#stream = stream
    this.#tell = tell
    this.#toldBytes = windowBytes / 4
  }

  push(bytes: Uint8Array): void {
    if (this.isOver) return
    this.#taken += bytes.length
    if (this.#isWanted) this.#isWanted = this.#stream.push(bytes)
    else this.#held.append(bytes)
    if (this.#isWanted) this.#tellTaken()
  }

  /** The stream's `read`. */
  want(): void {
    this.#isWanted = this.#held.length === 0 || this.#stream.push(this.#held.take())
    if (this.#isWanted) this.#tellTaken()
  }

  /** Everything has come. */
  finish(): void {
    if (this.isOver) return
    this.isOver = true
    if (this.#held.length > 0) this.#stream.push(this.#held.take())
    this.#stream.push(null)
  }

  /** The stream is closed. */
  close(): void {
    this.isOver = true
  }

  #tellTaken(): void {
    // Until then there is still room.
    if (this.#taken < this.#toldBytes || this.isOver) return
    this.#tell(this.#taken)
    this.#taken = 0
  }
}
