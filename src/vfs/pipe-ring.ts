// PipeRing: the bytes in a pipe: a ring as large as its content needs, and gone when all is read.

import type {Budget} from './budget.ts'

const MIN_BYTES = 4096
const NOTHING: Uint8Array = new Uint8Array(0)
/** A large ring that the pipes of a thread fill and drain in turn. */
let spare: Uint8Array = NOTHING

export class PipeRing {
  readonly #budget: Budget
  #ring = NOTHING
  #head = 0
  #length = 0

  /** @param budget counts the ring */
  constructor(budget: Budget) {
    this.#budget = budget
  }

  get length(): number {
    return this.#length
  }

  /** Copies the first bytes behind `skipped` others, without removing them. @returns how many */
  peek(target: Uint8Array, skipped = 0): number {
    const ring = this.#ring
    const count = Math.max(0, Math.min(target.length, this.#length - skipped))
    const head = (this.#head + skipped) % ring.length
    const first = Math.min(count, ring.length - head)
    target.set(ring.subarray(head, head + first))
    if (count > first) target.set(ring.subarray(0, count - first), first)
    return count
  }

  /** The first bytes behind `skipped` others that lie in one piece, at most `count`: until the next change. */
  first(count: number, skipped = 0): Uint8Array {
    const ring = this.#ring
    const head = (this.#head + skipped) % ring.length
    return ring.subarray(head, Math.min(head + count, head + this.#length - skipped, ring.length))
  }

  /** Removes the first `count` bytes, at most `length`. */
  drop(count: number): void {
    this.#length -= count
    if (this.#length === 0) this.clear()
    else this.#head = (this.#head + count) % this.#ring.length
  }

  /** @throws Errno ENOMEM, having stored nothing */
  append(source: Uint8Array): void {
    this.#reserve(this.#length + source.length)
    const ring = this.#ring
    const tail = (this.#head + this.#length) % ring.length
    const first = Math.min(source.length, ring.length - tail)
    ring.set(source.subarray(0, first), tail)
    if (source.length > first) ring.set(source.subarray(first))
    this.#length += source.length
  }

  clear(): void {
    this.#budget.give(this.#ring.length)
    if (this.#ring.length >= spare.length) spare = this.#ring
    this.#ring = NOTHING
    this.#head = this.#length = 0
  }

  #reserve(bytes: number): void {
    const old = this.#ring
    if (bytes <= old.length) return
    let size = Math.max(old.length, MIN_BYTES)
    while (size < bytes) size *= 2
    const usesSpare = spare.length >= size
    this.#budget.take((usesSpare ? spare.length : size) - old.length)
    const ring = usesSpare ? spare : new Uint8Array(size)
    if (usesSpare) spare = NOTHING
    if (this.#length > 0) this.peek(ring)
    this.#ring = ring
    this.#head = 0
  }
}
