// InputBuffer: what was typed and not yet read: whole lines, and after them the one that is still edited.

/** Like MAX_CANON: N_TTY_BUF_SIZE. */
const SIZE = 4096
const MASK = SIZE - 1

const LINE_END = 1
/** Ends a line without being part of it. */
const END_OF_FILE = 2

export class InputBuffer {
  readonly #bytes = new Uint8Array(SIZE)
  readonly #marks = new Uint8Array(SIZE)
  /** Counts of bytes ever read, ever put, and put up to the last line's end: indices when masked. */
  #tail = 0
  #head = 0
  #lineStart = 0

  get length(): number {
    return this.#head - this.#tail
  }

  /** Of whole lines. */
  get lineBytes(): number {
    return this.#lineStart - this.#tail
  }

  /** Bytes of the line that is edited. */
  get editedBytes(): number {
    return this.#head - this.#lineStart
  }

  /**
   * Makes room for one more. A line that is too long loses its last byte, so that its end has room; whole lines lose nothing.
   * Like N_TTY's loop, call it after the last byte, too: what did not fit is gone at once.
   * @param width how many bytes it may take
   * @returns false when the byte has to wait
   */
  makeRoom(isCanonical: boolean, width: number): boolean {
    const free = Math.ceil((SIZE - this.length) / width) - 1
    if (free > 0) return true
    if (!isCanonical || this.#lineStart !== this.#tail) return false
    if (free < 0) this.#head--
    return true
  }

  put(byte: number): void {
    // There may be no room for PARMRK's second byte.
    if (this.length === SIZE) return
    const index = this.#head++ & MASK
    this.#bytes[index] = byte
    this.#marks[index] = 0
  }

  /** Puts as many as fit: for input that is not edited. */
  putAll(source: Uint8Array): number {
    const count = Math.max(0, Math.min(source.length, SIZE - 1 - this.length))
    const start = this.#head & MASK
    const first = Math.min(count, SIZE - start)
    this.#bytes.set(source.subarray(0, first), start)
    this.#bytes.set(source.subarray(first, count))
    this.#marks.fill(0, start, start + first)
    this.#marks.fill(0, 0, count - first)
    this.#head += count
    return count
  }

  /** The line is whole. */
  endLine(byte: number): void {
    this.#end(byte, LINE_END)
  }

  endFile(): void {
    this.#end(0, END_OF_FILE)
  }

  #end(byte: number, mark: number): void {
    this.put(byte)
    this.#marks[(this.#head - 1) & MASK] = mark
    this.#lineStart = this.#head
  }

  /** The byte at `index` of the line that is edited. */
  edited(index: number): number {
    return this.#bytes[(this.#lineStart + index) & MASK]
  }

  /** Keeps this many bytes of the edited line. */
  cutEdited(count: number): void {
    this.#head = this.#lineStart + count
  }

  /** Reads a line, or the part of it that fits. An end of file is taken with the bytes before it. */
  takeLine(target: Uint8Array): number {
    let count = 0
    while (this.#tail < this.#lineStart) {
      const index = this.#tail & MASK
      const mark = this.#marks[index]
      if (mark === END_OF_FILE) {
        this.#tail++
        break
      }
      if (count === target.length) break
      target[count++] = this.#bytes[index]
      this.#tail++
      if (mark === LINE_END) break
    }
    return count
  }

  takeBytes(target: Uint8Array): number {
    const count = Math.min(target.length, this.length)
    const start = this.#tail & MASK
    const first = Math.min(count, SIZE - start)
    target.set(this.#bytes.subarray(start, start + first))
    target.set(this.#bytes.subarray(0, count - first), first)
    this.#tail += count
    if (this.#lineStart < this.#tail) this.#lineStart = this.#tail
    return count
  }

  clear(): void {
    this.#tail = this.#lineStart = this.#head
  }

  /** Line mode goes on or off: from now on, the present input is one line, or just bytes. */
  switchLines(isCanonical: boolean): void {
    this.#marks.fill(0)
    if (isCanonical && this.length > 0) {
      const last = (this.#head - 1) & MASK
      // As on Linux, a zero byte that ends a line is not part of it.
      this.#marks[last] = this.#bytes[last] === 0 ? END_OF_FILE : LINE_END
      this.#lineStart = this.#head
    } else this.#lineStart = this.#tail
  }
}
