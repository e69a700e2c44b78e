// arm64's page tables: stage 1 of EL1, or of EL2 with HCR_EL2.E2H, in granules of 4 KiB (Arm ARM D8.2, D8.3).

import {
  bits,
  entryOf,
  INDEX_BITS,
  identity,
  PAGE_BITS,
  type Place,
  placeIn,
  type ReadEntry,
} from './page-walk.ts'

const MMU = 1n
const VALID = 1n
const TABLE_OR_PAGE = 2n
const LAST_LEVEL = 3n
/** Top bits of an address that hold a tag, where tags are on. */
const TAG_BITS = 8n
const UPPER_RANGE = 55n
const OUTPUT_BITS = 48n
/** TCR.DS: 52 bits, in another format. */
const WIDE = 1n << 59n
const SIZE_MIN = 16n
const SIZE_MAX = 48n
/** A table's smallest alignment: 64 bytes. */
const TABLE_BITS_MIN = 6n

/** The registers of the exception level that translates. */
export interface Arm64Paging {
  readonly sctlr: bigint
  readonly tcr: bigint
  readonly ttbr0: bigint
  readonly ttbr1: bigint
}

/** Where TCR has the fields of each half of the addresses: T0SZ, EPD0, TG0 and its value for 4 KiB, TBI0; and the same for 1. */
const LOWER = {size: 0n, isOff: 7n, granule: 14n, is4K: 0n, ignoresTag: 37n}
const UPPER = {size: 16n, isOff: 23n, granule: 30n, is4K: 2n, ignoresTag: 38n}

/** @returns undefined when nothing is mapped there, or the tables are of another kind */
export function walkArm64(paging: Arm64Paging, address: bigint, readEntry: ReadEntry): Place | undefined {
  if (!isMmuOn(paging)) return identity(address)
  const isUpper = bits(address, UPPER_RANGE, 1n) === 1n
  const tables = arm64Tables(paging, isUpper)
  if (tables === undefined) return undefined
  const {width, levels, root} = tables
  const ignoresTag = bits(paging.tcr, (isUpper ? UPPER : LOWER).ignoresTag, 1n)
  const checked = 64n - (ignoresTag ? TAG_BITS : 0n) - width
  if (bits(address, width, checked) !== (isUpper ? (1n << checked) - 1n : 0n)) return undefined

  // Only the bits that the tables translate: those above are the same for the whole half.
  const inRange = bits(address, 0n, width)
  let table = root
  for (let level = LAST_LEVEL + 1n - levels; level <= LAST_LEVEL; level++) {
    const shift = PAGE_BITS + (LAST_LEVEL - level) * INDEX_BITS
    const entry = entryOf(table, inRange, shift, readEntry)
    if (entry === undefined || !(entry & VALID)) return undefined
    const isTableOrPage = (entry & TABLE_OR_PAGE) !== 0n
    if (level === LAST_LEVEL) return isTableOrPage ? placeIn(frameOf(entry), inRange, shift) : undefined
    // Level 0 has no blocks.
    if (!isTableOrPage) return level > 0n ? placeIn(frameOf(entry), inRange, shift) : undefined
    table = frameOf(entry)
  }
  return undefined
}

/** For a half of the addresses: how many bits they have, how many levels of tables translate them, and the first table. */
export interface Arm64Tables {
  readonly width: bigint
  readonly levels: bigint
  readonly root: bigint
}

/** @returns undefined when there are none, or they are of another kind. Precondition: the MMU is on */
export function arm64Tables(paging: Arm64Paging, isUpper: boolean): Arm64Tables | undefined {
  const {tcr, ttbr0, ttbr1} = paging
  const half = isUpper ? UPPER : LOWER
  const size = bits(tcr, half.size, 6n)
  if (tcr & WIDE || bits(tcr, half.isOff, 1n) || bits(tcr, half.granule, 2n) !== half.is4K) return undefined
  if (size < SIZE_MIN || size > SIZE_MAX) return undefined
  const width = 64n - size
  const indexed = width - PAGE_BITS
  const levels = (indexed + INDEX_BITS - 1n) / INDEX_BITS
  const tableBits = indexed - (levels - 1n) * INDEX_BITS + 3n
  const alignment = tableBits > TABLE_BITS_MIN ? tableBits : TABLE_BITS_MIN
  return {width, levels, root: (bits(isUpper ? ttbr1 : ttbr0, 0n, OUTPUT_BITS) >> alignment) << alignment}
}

export const isMmuOn = ({sctlr}: Arm64Paging): boolean => (sctlr & MMU) !== 0n

/** Bits 47 to 12. */
function frameOf(entry: bigint): bigint {
  return bits(entry, PAGE_BITS, OUTPUT_BITS - PAGE_BITS) << PAGE_BITS
}
