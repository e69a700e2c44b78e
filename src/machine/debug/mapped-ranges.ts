// mappedRanges: all that page tables map, by address. The tables are untrusted: each is read once, and their number is limited.

import {type Arm64Paging, arm64Tables, isMmuOn} from './arm64-walk.ts'
import {INDEX_BITS, PAGE_BITS} from './page-walk.ts'
import {type X86Paging, x86Levels} from './x86-64-walk.ts'

/** 64 MiB of tables: with pages of 4 KiB they map 32 GiB. */
const MAX_TABLES = 2 ** 14
const MAX_RANGES = 2 ** 15
const TABLE_ENTRIES = 2 ** Number(INDEX_BITS)
const PAGE_BYTES = 2 ** Number(PAGE_BITS)
const TWO_32 = 2 ** 32

export interface MappedRange {
  /** Virtual. */
  readonly address: bigint
  /** Guest physical; it need not be memory. */
  readonly physical: number
  length: number
}

/** Reads that many entries of a table, each as two words; undefined when not all of it is memory. */
export type ReadTable = (address: number, entries: number) => Uint32Array | undefined

/** Tables of 4 KiB below one root; at level 1 the entries are pages of 4 KiB. */
export interface PageTree {
  /** Guest physical. */
  readonly root: number
  readonly levels: number
  readonly rootEntries: number
  /** The virtual address of the first entry. */
  readonly base: bigint
  /** Significant bits of a virtual address; those above repeat the highest of them. */
  readonly signBits: number
  /** The bits of an entry's upper word that belong to an address. */
  readonly frameMask: number
  /** Decided by the lower word. */
  kindOf(word: number, level: number): 'table' | 'page' | undefined
}

export function mappedRanges(trees: readonly PageTree[], readTable: ReadTable): MappedRange[] {
  const ranges: MappedRange[] = []
  // A table that is in several places, as kernels have it for stacks and shadow memory, counts only in the first.
  const seen = new Set<number>()
  for (const tree of trees) {
    const visit = (table: number, level: number, entries: number, base: bigint): void => {
      if (seen.has(table) || seen.size >= MAX_TABLES || ranges.length >= MAX_RANGES) return
      seen.add(table)
      const words = readTable(table, entries)
      if (words === undefined) return
      const bytes = 2 ** (Number(PAGE_BITS) + Number(INDEX_BITS) * (level - 1))
      const addressAt = (index: number): bigint => signed(base + BigInt(index) * BigInt(bytes), tree.signBits)
      const run = {index: 0, physical: 0, length: 0}
      const endRun = (): void => {
        if (run.length > 0) addRange(ranges, addressAt(run.index), run.physical, run.length)
        run.length = 0
      }
      for (let index = 0; index < entries; index++) {
        const word = words[2 * index]
        const kind = tree.kindOf(word, level)
        const entry = (words[2 * index + 1] & tree.frameMask) * TWO_32 + word
        const physical = entry - (entry % bytes)
        if (kind !== 'page' || run.physical + run.length !== physical) endRun()
        if (kind === 'page') {
          if (run.length === 0) Object.assign(run, {index, physical})
          run.length += bytes
        } else if (kind === 'table')
          visit(entry - (entry % PAGE_BYTES), level - 1, TABLE_ENTRIES, addressAt(index))
      }
      endRun()
    }
    visit(tree.root, tree.levels, tree.rootEntries, tree.base)
  }
  return ranges
}

function addRange(ranges: MappedRange[], address: bigint, physical: number, length: number): void {
  const last = ranges.at(-1)
  const follows =
    last !== undefined &&
    last.physical + last.length === physical &&
    last.address + BigInt(last.length) === address
  if (follows) last.length += length
  else if (ranges.length < MAX_RANGES) ranges.push({address, physical, length})
}

const signed = (address: bigint, width: number): bigint => BigInt.asUintN(64, BigInt.asIntN(width, address))

/** @returns none when no tables are used, or 32-bit ones. SDM vol. 3, 5.5: present is bit 0, a large page bit 7 */
export function x86Trees(paging: X86Paging): PageTree[] {
  const levels = x86Levels(paging)
  if (levels === undefined) return []
  return [
    {
      root: Number(BigInt.asUintN(52, paging.cr3) >> PAGE_BITS) * PAGE_BYTES,
      levels: Number(levels),
      rootEntries: TABLE_ENTRIES,
      base: 0n,
      signBits: Number(PAGE_BITS + levels * INDEX_BITS),
      frameMask: 0xfffff,
      kindOf(word, level) {
        if ((word & 1) === 0) return undefined
        if (level === 1) return 'page'
        if ((word & 0x80) === 0) return 'table'
        return level <= 3 ? 'page' : undefined
      },
    },
  ]
}

/** @returns none when no tables are used, or other ones. Arm ARM D8.3: valid is bit 0; bit 1 marks a table, or a page of the last level */
export function arm64Trees(paging: Arm64Paging): PageTree[] {
  if (!isMmuOn(paging)) return []
  return [false, true].flatMap((isUpper) => {
    const tables = arm64Tables(paging, isUpper)
    if (tables === undefined) return []
    const {width, levels, root} = tables
    return {
      root: Number(root),
      levels: Number(levels),
      rootEntries: 2 ** Number(width - PAGE_BITS - (levels - 1n) * INDEX_BITS),
      base: isUpper ? 2n ** 64n - 2n ** width : 0n,
      signBits: 64,
      frameMask: 0xffff,
      kindOf(word, level) {
        if ((word & 1) === 0) return undefined
        if (level === 1) return word & 2 ? 'page' : undefined
        if (word & 2) return 'table'
        return level <= 3 ? 'page' : undefined
      },
    }
  })
}
