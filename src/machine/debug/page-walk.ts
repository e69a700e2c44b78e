// PageWalk: from a guest's virtual address to its physical one, through its own page tables. They are untrusted: each entry is read
// once, at most five are read, and none need be right.

/** Where a page, or the rest of it, lies. */
export interface Place {
  /** Guest physical. */
  readonly address: number
  /** To the end of the page: 1 or more. */
  readonly length: number
}

/** Reads the 64 bits at a guest physical address; undefined when no memory is there. */
export type ReadEntry = (address: number) => bigint | undefined

export const PAGE_BITS = 12n
/** Bits of an index: a table is a page of 512 entries. */
export const INDEX_BITS = 9n
const ENTRY_BYTES = 8n
/** Exact as a number, and above every physical address. */
const END = 1n << 52n

export function bits(value: bigint, from: bigint, count: bigint): bigint {
  return (value >> from) & ((1n << count) - 1n)
}

/** The page of 2^`pageBits` bytes that begins at or below `base`. */
export function placeIn(base: bigint, address: bigint, pageBits: bigint): Place | undefined {
  const offset = bits(address, 0n, pageBits)
  const start = ((base >> pageBits) << pageBits) + offset
  return start < END ? {address: Number(start), length: Number((1n << pageBits) - offset)} : undefined
}

/** An address that is not translated. */
export const identity = (address: bigint): Place | undefined => placeIn(address, address, PAGE_BITS)

/** In the table at `table`, the entry for `address` at the level whose entries span 2^`shift` bytes. */
export function entryOf(
  table: bigint,
  address: bigint,
  shift: bigint,
  readEntry: ReadEntry,
): bigint | undefined {
  return readEntry(Number(table + bits(address, shift, INDEX_BITS) * ENTRY_BYTES))
}
