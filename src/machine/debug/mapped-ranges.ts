// mappedRanges: all that page tables map, by address. The tables are untrusted: each is read once, and their number is limited.

import type {PageTree} from '../../vm/paging/page-tables.ts'

/** With pages of 4 KiB they map 32 GiB. */
const MAX_TABLES = 2 ** 14
const MAX_RANGES = 2 ** 15

export interface MappedRange {
  /** Virtual. */
  readonly address: bigint
  /** Guest physical; it need not be memory. */
  readonly physical: number
  length: number
}

/** Reads that many words of a table; undefined when not all of it is memory. */
export type ReadTable = (address: number, words: number) => Uint32Array | undefined

export function mappedRanges(trees: readonly PageTree[], readTable: ReadTable): MappedRange[] {
  const ranges: MappedRange[] = []
  // A table that is in several places, as kernels have it for stacks and shadow memory, counts only in the first.
  const seen = new Set<number>()
  for (const tree of trees) {
    const words = tree.entryBytes / 4
    const visit = (table: number, level: number, entries: number, base: bigint): void => {
      if (seen.has(table) || seen.size >= MAX_TABLES || ranges.length >= MAX_RANGES) return
      seen.add(table)
      const read = readTable(table, entries * words)
      if (read === undefined) return
      const bytes = 2 ** (tree.pageBits + tree.indexBits * (level - 1))
      const addressAt = (index: number): bigint => signed(base + BigInt(index) * BigInt(bytes), tree)
      const run = {index: 0, physical: 0, length: 0}
      const endRun = (): void => {
        if (run.length > 0) addRange(ranges, addressAt(run.index), run.physical, run.length)
        run.length = 0
      }
      for (let index = 0; index < entries; index++) {
        const low = read[words * index]
        const kind = tree.kindOf(low, level)
        const frame = tree.frameOf(low, words === 2 ? read[2 * index + 1] : 0, level)
        const physical = frame - (frame % bytes)
        if (kind !== 'page' || run.physical + run.length !== physical) endRun()
        if (kind === 'page') {
          if (run.length === 0) Object.assign(run, {index, physical})
          run.length += bytes
        } else if (kind === 'table')
          visit(frame - (frame % 2 ** tree.pageBits), level - 1, 2 ** tree.indexBits, addressAt(index))
      }
      endRun()
    }
    const rootEntries = 2 ** (tree.width - tree.pageBits - (tree.levels - 1) * tree.indexBits)
    visit(tree.root, tree.levels, rootEntries, tree.base)
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
