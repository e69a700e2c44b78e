// PageTree: a guest's page tables, and the walk from a virtual address to a physical one. The tables are untrusted: a walk reads each entry
// once and at most five, and none need be right.
// x86_64: long mode, of four levels or five (SDM vol. 3, 5.5). arm64: stage 1 of EL1, or of EL2 with HCR_EL2.E2H, in granules of 4 KiB
// (Arm ARM D8.2, D8.3).

/** Where a page, or the rest of it, lies. */
export interface Place {
  /** Guest physical. */
  readonly address: number
  /** To the end of the page: 1 or more. */
  readonly length: number
}

/** Reads the 64 bits at a guest physical address; undefined when no memory is there. */
export type ReadEntry = (address: number) => bigint | undefined

/** Tables of 4 KiB below one root; at level 1 the entries are pages of 4 KiB. */
export interface PageTree {
  /** Guest physical. */
  readonly root: bigint
  readonly levels: number
  /** Bits of a virtual address that the tables translate. */
  readonly width: bigint
  /** The virtual address of the first entry. */
  readonly base: bigint
  /** Significant bits of a virtual address; those above repeat the highest of them. */
  readonly signBits: number
  /** Bits of a physical address. */
  readonly frameBits: bigint
  /** Decided by the entry's lower word. */
  kindOf(word: number, level: number): 'table' | 'page' | undefined
}

export const PAGE_BITS = 12n
/** Bits of an index: a table is a page of 512 entries. */
export const INDEX_BITS = 9n
const ENTRY_BYTES = 8n
/** The highest level that may have large pages: 1 GiB. */
const LARGE_LEVELS = 3
/** Exact as a number, and above every physical address. */
const END = 1n << 52n

export function bits(value: bigint, from: bigint, count: bigint): bigint {
  return (value >> from) & ((1n << count) - 1n)
}

/** The page of 2^`pageBits` bytes that begins at or below `base`. */
function placeIn(base: bigint, address: bigint, pageBits: bigint): Place | undefined {
  const offset = bits(address, 0n, pageBits)
  const start = ((base >> pageBits) << pageBits) + offset
  return start < END ? {address: Number(start), length: Number((1n << pageBits) - offset)} : undefined
}

/** How a vCPU translates addresses. */
export interface Paging {
  /** Otherwise an address is itself. */
  readonly isOn: boolean
  /** None when no tables are used, or those of another kind: of 32-bit modes, or of other granules. */
  readonly trees: readonly PageTree[]
  /** The one for an address; undefined when none is. */
  treeFor(address: bigint): PageTree | undefined
}

/** @returns undefined when nothing is mapped there */
export function walk(paging: Paging, address: bigint, readEntry: ReadEntry): Place | undefined {
  if (!paging.isOn) return placeIn(address, address, PAGE_BITS)
  const tree = paging.treeFor(address)
  if (tree === undefined) return undefined
  const inRange = bits(address, 0n, tree.width)
  let {root: table} = tree
  for (let level = tree.levels; level > 0; level--) {
    const shift = PAGE_BITS + BigInt(level - 1) * INDEX_BITS
    const entry = readEntry(Number(table + bits(inRange, shift, INDEX_BITS) * ENTRY_BYTES))
    if (entry === undefined) return undefined
    const kind = tree.kindOf(Number(bits(entry, 0n, 32n)), level)
    const frame = bits(entry, PAGE_BITS, tree.frameBits - PAGE_BITS) << PAGE_BITS
    if (kind !== 'table') return kind && placeIn(frame, inRange, shift)
    table = frame
  }
  return undefined
}

const [PRESENT, LARGE] = [1, 1 << 7]
const PAGING = 1n << 31n
const LONG_MODE_ACTIVE = 1n << 10n
const FIVE_LEVELS = 1n << 12n
const X86_FRAME_BITS = 52n

export interface X86Registers {
  readonly cr0: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly efer: bigint
}

export function x86Paging({cr0, cr3, cr4, efer}: X86Registers): Paging {
  const isOn = (cr0 & PAGING) !== 0n
  const levels = cr4 & FIVE_LEVELS ? 5 : 4
  const width = PAGE_BITS + BigInt(levels) * INDEX_BITS
  const tree: PageTree = {
    root: bits(cr3, PAGE_BITS, X86_FRAME_BITS - PAGE_BITS) << PAGE_BITS,
    levels,
    width,
    base: 0n,
    signBits: Number(width),
    frameBits: X86_FRAME_BITS,
    kindOf(word, level) {
      if ((word & PRESENT) === 0) return undefined
      if (level === 1) return 'page'
      if ((word & LARGE) === 0) return 'table'
      return level <= LARGE_LEVELS ? 'page' : undefined
    },
  }
  const trees = isOn && efer & LONG_MODE_ACTIVE ? [tree] : []
  const isCanonical = (address: bigint): boolean =>
    BigInt.asUintN(64, BigInt.asIntN(tree.signBits, address)) === address
  return {isOn, trees, treeFor: (address) => (isCanonical(address) ? trees[0] : undefined)}
}

const [VALID, TABLE_OR_PAGE] = [1, 2]
const MMU = 1n
/** Top bits of an address that hold a tag, where tags are on. */
const TAG_BITS = 8n
const UPPER_RANGE = 55n
const ARM64_FRAME_BITS = 48n
/** TCR.DS: 52 bits, in another format. */
const WIDE = 1n << 59n
const [SIZE_MIN, SIZE_MAX] = [16n, 48n]
/** A table's smallest alignment: 64 bytes. */
const TABLE_BITS_MIN = 6n

/** The registers of the exception level that translates. */
export interface Arm64Registers {
  readonly sctlr: bigint
  readonly tcr: bigint
  readonly ttbr0: bigint
  readonly ttbr1: bigint
}

/** Where TCR has the fields of each half of the addresses: T0SZ, EPD0, TG0 and its value for 4 KiB, TBI0; and the same for 1. */
const LOWER = {size: 0n, isOff: 7n, granule: 14n, is4K: 0n, ignoresTag: 37n}
const UPPER = {size: 16n, isOff: 23n, granule: 30n, is4K: 2n, ignoresTag: 38n}

export function arm64Paging(registers: Arm64Registers): Paging {
  const isOn = (registers.sctlr & MMU) !== 0n
  const halves = isOn ? [false, true].map((isUpper) => arm64Tree(registers, isUpper)) : []
  return {
    isOn,
    trees: halves.filter((tree) => tree !== undefined),
    treeFor(address) {
      const isUpper = bits(address, UPPER_RANGE, 1n) === 1n
      const tree = halves[isUpper ? 1 : 0]
      if (tree === undefined) return undefined
      const ignoresTag = bits(registers.tcr, (isUpper ? UPPER : LOWER).ignoresTag, 1n)
      const checked = 64n - (ignoresTag ? TAG_BITS : 0n) - tree.width
      return bits(address, tree.width, checked) === (isUpper ? (1n << checked) - 1n : 0n) ? tree : undefined
    },
  }
}

/** For a half of the addresses. */
function arm64Tree({tcr, ttbr0, ttbr1}: Arm64Registers, isUpper: boolean): PageTree | undefined {
  const half = isUpper ? UPPER : LOWER
  const size = bits(tcr, half.size, 6n)
  if (tcr & WIDE || bits(tcr, half.isOff, 1n) || bits(tcr, half.granule, 2n) !== half.is4K) return undefined
  if (size < SIZE_MIN || size > SIZE_MAX) return undefined
  const width = 64n - size
  const indexed = width - PAGE_BITS
  const levels = (indexed + INDEX_BITS - 1n) / INDEX_BITS
  const tableBits = indexed - (levels - 1n) * INDEX_BITS + 3n
  const alignment = tableBits > TABLE_BITS_MIN ? tableBits : TABLE_BITS_MIN
  return {
    root: (bits(isUpper ? ttbr1 : ttbr0, 0n, ARM64_FRAME_BITS) >> alignment) << alignment,
    levels: Number(levels),
    width,
    base: isUpper ? 2n ** 64n - 2n ** width : 0n,
    signBits: 64,
    frameBits: ARM64_FRAME_BITS,
    kindOf(word, level) {
      if ((word & VALID) === 0) return undefined
      if (level === 1) return word & TABLE_OR_PAGE ? 'page' : undefined
      if (word & TABLE_OR_PAGE) return 'table'
      // The highest level has no blocks.
      return level <= LARGE_LEVELS ? 'page' : undefined
    },
  }
}
