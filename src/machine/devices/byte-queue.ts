// ByteQueue: bytes in order of arrival; they cost at most twice their number, however small the pieces.

const BLOCK_BYTES = 4096
/** A piece of at least this size is kept as it is. */
const LARGE_BYTES = BLOCK_BYTES / 2

export class ByteQueue {
  #length = 0
  readonly #full: Uint8Array[] = []
  #block: Uint8Array = new Uint8Array()
  #filled = 0

  get length(): number {
    return this.#length
  }

  /** @param bytes belong to the queue from now on */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#length += bytes.length
    const isLarge = bytes.length >= LARGE_BYTES
    if (isLarge || bytes.length > this.#block.length - this.#filled) this.#endBlock()
    if (isLarge) {
      this.#full.push(bytes)
      return
    }
    if (this.#block.length === 0) this.#block = new Uint8Array(BLOCK_BYTES)
    this.#block.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** Some of the first bytes; none when it is empty. */
  take(): Uint8Array {
    if (this.#full.length === 0) this.#endBlock()
    const bytes = this.#full.shift() ?? new Uint8Array()
    this.#length -= bytes.length
    return bytes
  }

  clear(): void {
    this.#full.length = this.#length = this.#filled = 0
    this.#block = new Uint8Array()
  }

  #endBlock(): void {
    const bytes = this.#block.subarray(0, this.#filled)
    this.#filled = 0
    if (bytes.length === 0) return
    const isLarge = bytes.length >= LARGE_BYTES
    this.#full.push(isLarge ? bytes : bytes.slice())
    if (isLarge) this.#block = new Uint8Array()
  }
}
