// SignalSet: the kernel's sigset_t, 64 bits, as two 32-bit halves: masks are on hot paths, and a bigint allocates.

import {NSIG} from './signal.ts'

/** Bytes of the kernel's sigset_t, which the `sigsetsize` argument of every call must equal. */
export const SIGNAL_SET_BYTES = 8

export class SignalSet {
  /** Signals 1 to 32, signal n in bit n-1. Signed, like the results of JavaScript's bit operators. */
  low = 0
  /** Signals 33 to 64. */
  high = 0

  static of(...signals: number[]): SignalSet {
    const set = new SignalSet()
    for (const signal of signals) set.add(signal)
    return set
  }

  /** Reads a little-endian sigset_t. */
  static fromBytes(bytes: Uint8Array, offset = 0): SignalSet {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, SIGNAL_SET_BYTES)
    const set = new SignalSet()
    set.low = view.getInt32(0, true)
    set.high = view.getInt32(4, true)
    return set
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(SIGNAL_SET_BYTES)
    const view = new DataView(bytes.buffer)
    view.setInt32(0, this.low, true)
    view.setInt32(4, this.high, true)
    return bytes
  }

  get isEmpty(): boolean {
    return (this.low | this.high) === 0
  }

  has(signal: number): boolean {
    return signal <= 32 ? (this.low & (1 << (signal - 1))) !== 0 : (this.high & (1 << (signal - 33))) !== 0
  }

  add(signal: number): void {
    if (signal <= 32) this.low |= 1 << (signal - 1)
    else this.high |= 1 << (signal - 33)
  }

  delete(signal: number): void {
    if (signal <= 32) this.low &= ~(1 << (signal - 1))
    else this.high &= ~(1 << (signal - 33))
  }

  addAll(other: SignalSet): void {
    this.low |= other.low
    this.high |= other.high
  }

  deleteAll(other: SignalSet): void {
    this.low &= ~other.low
    this.high &= ~other.high
  }

  assign(other: SignalSet): void {
    this.low = other.low
    this.high = other.high
  }

  clone(): SignalSet {
    const copy = new SignalSet()
    copy.assign(this)
    return copy
  }

  union(other: SignalSet): SignalSet {
    const set = this.clone()
    set.addAll(other)
    return set
  }

  intersection(other: SignalSet): SignalSet {
    const set = new SignalSet()
    set.low = this.low & other.low
    set.high = this.high & other.high
    return set
  }

  /** The lowest signal in it, or 0. */
  get lowest(): number {
    if (this.low !== 0) return 32 - Math.clz32(this.low & -this.low)
    if (this.high !== 0) return 64 - Math.clz32(this.high & -this.high)
    return 0
  }

  /** The complement within 1 to NSIG. */
  inverted(): SignalSet {
    const set = new SignalSet()
    set.low = ~this.low
    set.high = ~this.high
    return set
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let signal = 1; signal <= NSIG; signal++) if (this.has(signal)) yield signal
  }
}
