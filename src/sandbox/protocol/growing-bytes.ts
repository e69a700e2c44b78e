// GrowingBytes: bytes that come in pieces, kept in one buffer.

const FIRST_CAPACITY = 4096

export class GrowingBytes {
  readonly #most: number
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0

  /**
   * @param most the bound that appends keep to; no memory is taken beyond it
   * @param expected how many will come, if known: they are then not copied
   */
  constructor(most = Number.POSITIVE_INFINITY, expected = 0) {
    this.#most = most
    this.#bytes = new Uint8Array(Math.min(expected, most))
  }

  get length(): number {
    return this.#length
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#bytes.length) {
      const capacity = Math.min(Math.max(length, 2 * this.#bytes.length, FIRST_CAPACITY), this.#most)
      const grown = new Uint8Array(capacity)
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  /** Gives everything away, and is empty then. */
  take(): Uint8Array<ArrayBuffer> {
    const isFull = this.#length === this.#bytes.length
    const taken = isFull ? this.#bytes : this.#bytes.slice(0, this.#length)
    this.#bytes = new Uint8Array(0)
    this.#length = 0
    return taken
  }
}
