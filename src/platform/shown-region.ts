// ShownRegion: the addon's memory as an ArrayBuffer that shows V8 no more than is used.

/**
 * How much of a region is shown at first: a program that ends soon needs no more. When V8 is shown more than 32 MiB in all it collects
 * garbage before it makes an array, and at 64 MiB at once: 5 ms and more.
 */
export const FIRST_BYTES = {memory: 24 << 20, supervisor: 4 << 20} as const

export class ShownRegion {
  readonly size: number
  readonly #show: (bytes: number) => ArrayBuffer
  #shown: ArrayBuffer

  /** @param show makes a new buffer over the first so many bytes of `size`; earlier buffers stay valid */
  constructor(size: number, firstBytes: number, show: (bytes: number) => ArrayBuffer) {
    this.size = size
    this.#show = show
    this.#shown = show(Math.min(size, firstBytes))
  }

  /** A buffer with at least the first `end` bytes. */
  upTo(end: number): ArrayBuffer {
    if (end > this.#shown.byteLength) this.#shown = this.#show(this.size)
    return this.#shown
  }

  /** @param offset in bytes */
  words(offset: number, count: number): Int32Array {
    return new Int32Array(this.upTo(offset + count * Int32Array.BYTES_PER_ELEMENT), offset, count)
  }
}
