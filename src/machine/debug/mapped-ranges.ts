// mappedRanges: all that page tables map, by address. The tables are untrusted: each is read once, and their number is limited.

import {INDEX_BITS, PAGE_BITS, type PageTree} from './page-tables.ts'

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

export function mappedRanges(trees: readonly PageTree[], readTable: ReadTable): MappedRange[] {
  const ranges: MappedRange[] = []
  // A table that is in several places, as kernels have it for stacks and shadow memory, counts only in the first.
  const seen = new Set<number>()
  for (const tree of trees) {
    const frameMask = 2 ** Number(tree.frameBits - 32n) - 1
    const visit = (table: number, level: number, entries: number, base: bigint): void => {
      if (seen.has(table) || seen.size >= MAX_TABLES || ranges.length >= MAX_RANGES) return
      seen.add(table)
      const words = readTable(table, entries)
      if (words === undefined) return
      const bytes = 2 ** (Number(PAGE_BITS) + Number(INDEX_BITS) * (level - 1))
      const addressAt = (index: number): bigint => signed(base + BigInt(index) * BigInt(bytes), tree)
      const run = {index: 0, physical: 0, length: 0}
      const endRun = (): void => {
        if (run.length > 0) addRange(ranges, addressAt(run.index), run.physical, run.length)
        run.length = 0
      }
      for (let index = 0; index < entries; index++) {
        const word = words[2 * index]
        const kind = tree.kindOf(word, level)
        const entry = (words[2 * index + 1] & frameMask) * TWO_32 + word
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
    const rootEntries = 2 ** Number(tree.width - PAGE_BITS - BigInt(tree.levels - 1) * INDEX_BITS)
    visit(Number(tree.root), tree.levels, rootEntries, tree.base)
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

const signed = (address: bigint, {signBits}: PageTree): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(signBits, address))
