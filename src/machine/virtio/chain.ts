// Chain: one request in a queue: bytes that the device reads, then bytes that it writes. Both are the guest's memory itself.

import type {Queue} from './queue.ts'

/** A request of a driver: bytes that the device reads, then bytes that it writes. @see {@link DeviceModel} */
export class Chain {
  /** The index of its first descriptor, which names it in the rings. */
  readonly head: number
  /** Views of guest memory, which may change at any time: copy what you check before you use it. */
  readonly readable: readonly Uint8Array[]
  readonly writable: readonly Uint8Array[]
  readonly readableBytes: number
  readonly writableBytes: number
  readonly #queue: Queue
  readonly #readCursor = new Cursor()
  readonly #writeCursor = new Cursor()

  /** @internal */
  constructor(queue: Queue, head: number, readable: readonly Uint8Array[], writable: readonly Uint8Array[]) {
    this.#queue = queue
    this.head = head
    this.readable = readable
    this.writable = writable
    this.readableBytes = lengthOf(readable)
    this.writableBytes = lengthOf(writable)
  }

  /** False once it was completed or dropped, and its memory is no longer the device's. */
  get isLive(): boolean {
    return this.#queue.owns(this)
  }

  /** @internal Writable bytes that were put. */
  get putBytes(): number {
    return this.#writeCursor.total
  }

  /** Readable bytes that were not taken yet. */
  get leftToTake(): number {
    return this.readableBytes - this.#readCursor.total
  }

  /** Writable bytes that were not put yet. */
  get leftToPut(): number {
    return this.writableBytes - this.#writeCursor.total
  }

  /** A copy of the next readable bytes: `length`, or fewer at the end; none if the chain is not live. */
  take(length: number): Uint8Array {
    if (!this.isLive) return new Uint8Array()
    const bytes = new Uint8Array(Math.min(length, this.leftToTake))
    this.takeInto(bytes)
    return bytes
  }

  /** The same into `bytes`. @returns how many there were; 0 if the chain is not live */
  takeInto(bytes: Uint8Array): number {
    if (!this.isLive) return 0
    const length = Math.min(bytes.length, this.leftToTake)
    this.#readCursor.walk(this.readable, length, (part, at) => bytes.set(part, at))
    return length
  }

  /** Fills the next writable bytes. @returns how many there was room for; 0 if the chain is not live */
  put(bytes: Uint8Array): number {
    if (!this.isLive) return 0
    const length = Math.min(bytes.length, this.leftToPut)
    this.#writeCursor.walk(this.writable, length, (part, at) =>
      part.set(bytes.subarray(at, at + part.length)),
    )
    return length
  }

  /** @internal The guest's memory itself: `length` readable bytes, or fewer at the end, that are still to be taken. */
  partsToTake(length: number): Uint8Array[] {
    return this.isLive ? this.#readCursor.partsOf(this.readable, Math.min(length, this.leftToTake)) : []
  }

  /** @internal The same of writable bytes, which are still to be put. */
  partsToPut(length: number): Uint8Array[] {
    return this.isLive ? this.#writeCursor.partsOf(this.writable, Math.min(length, this.leftToPut)) : []
  }

  /** The last writable byte, where some devices leave their status. It does not count as put. */
  putLast(byte: number): void {
    const last = this.writable.at(-1)
    if (last !== undefined && this.isLive) last[last.length - 1] = byte
  }

  /** Gives it back to the driver. @param written bytes from the first writable one on; default: those that were put */
  complete(written = this.#writeCursor.total): void {
    this.#queue.complete(this, written)
  }
}

/** A place in a list of parts. */
class Cursor {
  total = 0
  #part = 0
  #at = 0

  /** The next parts, without a step. @param length at most what is left */
  partsOf(parts: readonly Uint8Array[], length: number): Uint8Array[] {
    const next: Uint8Array[] = []
    for (let [index, from, left] = [this.#part, this.#at, length]; left > 0; index++, from = 0) {
      const part = parts[index].subarray(from, from + left)
      next.push(part)
      left -= part.length
    }
    return next
  }

  /** @param length at most what is left */
  walk(parts: readonly Uint8Array[], length: number, visit: (part: Uint8Array, at: number) => void): void {
    for (let at = 0; at < length; ) {
      const part = parts[this.#part].subarray(this.#at, this.#at + length - at)
      visit(part, at)
      at += part.length
      this.#at += part.length
      if (this.#at === parts[this.#part].length) {
        this.#part++
        this.#at = 0
      }
    }
    this.total += length
  }
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)
