// ByteQueue: bytes on their way from one end of a terminal to the other: first in, first out, up to a limit.

const FIRST_SIZE = 256

export class ByteQueue {
  readonly limit: number
  #bytes = new Uint8Array(0)
  #start = 0
  #length = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get length(): number {
    return this.#length
  }

  get room(): number {
    return this.limit - this.#length
  }

  /** @returns how many were taken */
  push(source: Uint8Array): number {
    const count = Math.min(source.length, this.room)
    this.#reserve(count)
    this.#bytes.set(count === source.length ? source : source.subarray(0, count), this.#start + this.#length)
    this.#length += count
    return count
  }

  /** Precondition: there is room. */
  pushByte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#start + this.#length++] = byte
  }

  /** @returns how many there were */
  take(target: Uint8Array): number {
    const count = Math.min(target.length, this.#length)
    target.set(this.#bytes.subarray(this.#start, this.#start + count))
    this.drop(count)
    return count
  }

  /** All of them, until the next change. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#start + this.#length)
  }

  /** Removes the first ones. */
  drop(count: number): void {
    this.#length -= count
    this.#start = this.#length === 0 ? 0 : this.#start + count
  }

  /** Removes all but the first `count`. */
  cut(count: number): void {
    this.#length = Math.min(this.#length, count)
  }

  clear(): void {
    this.drop(this.#length)
  }

  /** Makes room after the last byte. */
  #reserve(count: number): void {
    const needed = this.#length + count
    if (this.#start + needed <= this.#bytes.length) return
    const old = this.#bytes.subarray(this.#start, this.#start + this.#length)
    if (needed > this.#bytes.length) {
      const size = Math.min(this.limit, Math.max(FIRST_SIZE, this.#bytes.length * 2, needed))
      this.#bytes = new Uint8Array(size)
      this.#bytes.set(old)
    } else this.#bytes.copyWithin(0, this.#start, this.#start + this.#length)
    this.#start = 0
  }
}
