// PrivatePages: which pages of a memory slot are its guest's alone.

const BITS = 8
const ALL = 0xff

/** Which pages of a slot are private: KVM does not tell (api.rst, KVM_SET_MEMORY_ATTRIBUTES). A bit for each page, however often they change. */
export class PrivatePages {
  readonly #pages: number
  #bits: Uint8Array | undefined

  constructor(pages: number) {
    this.#pages = pages
  }

  /** Precondition: the slot has the pages. */
  set(first: number, count: number, isPrivate: boolean): void {
    if (this.#bits === undefined && !isPrivate) return
    this.#bits ??= new Uint8Array(Math.ceil(this.#pages / BITS))
    for (const [from, to, mask] of spans(first, first + count)) {
      if (mask === ALL) this.#bits.fill(isPrivate ? ALL : 0, from, to)
      else if (isPrivate) this.#bits[from] |= mask
      else this.#bits[from] &= ~mask
    }
  }

  /** Precondition: the slot has the pages. */
  hasAny(first: number, count: number): boolean {
    const bits = this.#bits
    if (bits === undefined) return false
    return spans(first, first + count).some(([from, to, mask]) =>
      mask === ALL ? bits.subarray(from, to).some((byte) => byte !== 0) : (bits[from] & mask) !== 0,
    )
  }
}

/** The bytes that have the pages' bits, and which bits of each: whole bytes at once, and a part at either end. */
function spans(first: number, end: number): [fromByte: number, toByte: number, mask: number][] {
  const [from, to] = [Math.floor(first / BITS), Math.floor(end / BITS)]
  const [low, high] = [(ALL << (first % BITS)) & ALL, ALL >> (BITS - (end % BITS))]
  if (first >= end) return []
  if (from === to) return [[from, from + 1, low & high]]
  const begin = low === ALL ? from : from + 1
  return [
    ...(low === ALL ? [] : [[from, from + 1, low] as [number, number, number]]),
    ...(begin < to ? [[begin, to, ALL] as [number, number, number]] : []),
    ...(high === 0 ? [] : [[to, to + 1, high] as [number, number, number]]),
  ]
}
