// The page tables of arm64: stage 1 of EL1, or of EL2 with HCR_EL2.E2H, in granules of 4, 16 and 64 KiB, of addresses of
// 48 or 52 bits (Arm ARM D8.2 to D8.4).

import {
  ALL,
  bits,
  type PageTree,
  type Paging,
  PRIVILEGED_EXECUTE,
  rightsText,
  TWO_32,
  USER,
  USER_EXECUTE,
  WRITE,
} from './page-tables.ts'

/** The registers of the exception level that translates. */
export interface Arm64Registers {
  readonly sctlr: bigint
  readonly tcr: bigint
  readonly ttbr0: bigint
  readonly ttbr1: bigint
}

const [VALID, TABLE_OR_PAGE] = [1, 2]
/** AP[1], AP[2]. */
const [FOR_USER, READ_ONLY] = [1 << 6, 1 << 7]
/** Of a page's upper word. */
const [PXN, UXN] = [1 << 21, 1 << 22]
/** Of a table's upper word: PXNTable, UXNTable, APTable[0] and [1]. */
const [TABLE_PXN, TABLE_UXN, TABLE_NO_USER, TABLE_READ_ONLY] = [1 << 27, 1 << 28, 1 << 29, 1 << 30]
const [MMU, WRITE_EXECUTE_NEVER] = [1n, 1n << 19n]
/** Top bits of an address that hold a tag, where tags are on. */
const TAG_BITS = 8
const UPPER_RANGE = 55
/** TCR.DS, and TCR.IPS for 64 KiB: physical addresses have 52 bits. */
const WIDE = 1n << 59n
const [IPS, IPS_WIDE] = [32, 6n]
const [SIZE_MIN, SIZE_MIN_WIDE, SIZE_MAX] = [16, 12, 48]
const FRAME_BITS = 48
/** Where TTBR has bits 48 to 51 of a wide address. */
const ROOT_TOP = 2
/** A table's smallest alignment: 64 bytes. */
const TABLE_BITS_MIN = 6

/** Where TCR has the fields of each half of the addresses: T0SZ, EPD0, TG0, TBI0, HPD0; and the same for 1. */
const LOWER = {size: 0, isOff: 7, granule: 14, pageBits: [12, 16, 14], ignoresTag: 37, isFlat: 41}
const UPPER = {size: 16, isOff: 23, granule: 30, pageBits: [0, 14, 12, 16], ignoresTag: 38, isFlat: 42}

export function arm64Paging(registers: Arm64Registers): Paging {
  const isOn = (registers.sctlr & MMU) !== 0n
  const isNever = (registers.sctlr & WRITE_EXECUTE_NEVER) !== 0n
  const halves = isOn ? [false, true].map((isUpper) => treeOf(registers, isUpper)) : []
  return {
    isOn,
    trees: halves.filter((tree) => tree !== undefined),
    treeFor(address) {
      const isUpper = bits(address, UPPER_RANGE, 1) === 1n
      const tree = halves[isUpper ? 1 : 0]
      if (tree === undefined) return undefined
      const ignoresTag = bits(registers.tcr, (isUpper ? UPPER : LOWER).ignoresTag, 1)
      const checked = 64 - (ignoresTag ? TAG_BITS : 0) - tree.width
      const above = isUpper ? (1n << BigInt(checked)) - 1n : 0n
      return bits(address, tree.width, checked) === above ? tree : undefined
    },
    rightsFrom(rights) {
      const [isWritable, isUsers] = [(rights & WRITE) !== 0, (rights & USER) !== 0]
      const isUsersToWrite = isUsers && isWritable
      // What EL0 may write, EL1 never executes.
      const isCode = (rights & PRIVILEGED_EXECUTE) !== 0 && !isUsersToWrite && !(isNever && isWritable)
      const isUsersCode = (rights & USER_EXECUTE) !== 0 && !(isNever && isUsersToWrite)
      return {
        privileged: rightsText(true, isWritable, isCode),
        user: rightsText(isUsers, isUsersToWrite, isUsersCode),
      }
    },
  }
}

/** For a half of the addresses. */
function treeOf({tcr, ttbr0, ttbr1}: Arm64Registers, isUpper: boolean): PageTree | undefined {
  const half = isUpper ? UPPER : LOWER
  const size = Number(bits(tcr, half.size, 6))
  const pageBits = half.pageBits[Number(bits(tcr, half.granule, 2))]
  if (!pageBits || bits(tcr, half.isOff, 1)) return undefined
  const isWide = pageBits === 16 ? bits(tcr, IPS, 3) === IPS_WIDE : (tcr & WIDE) !== 0n
  // FEAT_LVA: in granules of 64 KiB, wide virtual addresses need no wide physical ones.
  const sizeMin = isWide || pageBits === 16 ? SIZE_MIN_WIDE : SIZE_MIN
  if (size < sizeMin || size > SIZE_MAX) return undefined
  // A table is a page of entries of 8 bytes.
  const indexBits = pageBits - 3
  const width = 64 - size
  const levels = Math.ceil((width - pageBits) / indexBits)
  const rootBits = Math.max(width - pageBits - (levels - 1) * indexBits + 3, TABLE_BITS_MIN)
  const ttbr = isUpper ? ttbr1 : ttbr0
  const rootTop = isWide ? Number(bits(ttbr, ROOT_TOP, 4)) * 2 ** FRAME_BITS : 0
  const root = Number(bits(ttbr, rootBits, FRAME_BITS - rootBits)) * 2 ** rootBits + rootTop
  /** The highest level that may have blocks: 1 GiB, 32 MiB or 512 MiB; of wide ones 512 GiB, 64 GiB or 4 TiB. */
  const largeLevels = (pageBits === 12 ? 3 : 2) + (isWide ? 1 : 0)
  const isFlat = bits(tcr, half.isFlat, 1) === 1n
  return {
    ...{root, levels, pageBits, indexBits, entryBytes: 8, width},
    base: isUpper ? 2n ** 64n - 2n ** BigInt(width) : 0n,
    signBits: 64,
    kindOf(low, level) {
      if ((low & VALID) === 0) return undefined
      if (level === 1) return low & TABLE_OR_PAGE ? 'page' : undefined
      if (low & TABLE_OR_PAGE) return 'table'
      return level <= largeLevels ? 'page' : undefined
    },
    frameOf: frameOf(isWide, pageBits),
    rightsOf(low, high, level) {
      if (level > 1 && low & TABLE_OR_PAGE) return isFlat ? ALL : ofTable(high)
      return ofPage(low, high)
    },
  }
}

/** How an entry holds an address: bits 48 to 51 of wide ones are in its bits 12 to 15, or, for smaller granules, 50 and 51 in 8 and 9. */
function frameOf(isWide: boolean, pageBits: number): PageTree['frameOf'] {
  if (!isWide) return (low, high) => (high & 0xffff) * TWO_32 + low
  if (pageBits === 16) return (low, high) => ((high & 0xffff) | (((low >>> 12) & 0xf) << 16)) * TWO_32 + low
  return (low, high) => ((high & 0x3ffff) | (((low >>> 8) & 3) << 18)) * TWO_32 + low
}

const ofTable = (high: number): number =>
  unless(high & TABLE_READ_ONLY, WRITE) |
  unless(high & TABLE_NO_USER, USER) |
  unless(high & TABLE_PXN, PRIVILEGED_EXECUTE) |
  unless(high & TABLE_UXN, USER_EXECUTE)

const ofPage = (low: number, high: number): number =>
  unless(low & READ_ONLY, WRITE) |
  (low & FOR_USER ? USER : 0) |
  unless(high & PXN, PRIVILEGED_EXECUTE) |
  unless(high & UXN, USER_EXECUTE)

const unless = (bit: number, right: number): number => (bit === 0 ? right : 0)
