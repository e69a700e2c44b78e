// x86_64's page tables: long mode, of four levels or five (SDM vol. 3, 5.5).

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

const PRESENT = 1n
const LARGE = 1n << 7n
const PAGING = 1n << 31n
const LONG_MODE_ACTIVE = 1n << 10n
const FIVE_LEVELS = 1n << 12n
/** The highest level that may have large pages: 1 GiB. */
const LARGE_LEVELS = 3n

export interface X86Paging {
  readonly cr0: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly efer: bigint
}

/** @returns undefined when nothing is mapped there, or paging is that of 32-bit modes */
export function walkX86(paging: X86Paging, address: bigint, readEntry: ReadEntry): Place | undefined {
  if (!(paging.cr0 & PAGING)) return identity(address)
  const levels = x86Levels(paging)
  if (levels === undefined || !isCanonical(address, PAGE_BITS + levels * INDEX_BITS)) return undefined
  let table = frameOf(paging.cr3)
  for (let level = levels; level > 0n; level--) {
    const shift = PAGE_BITS + (level - 1n) * INDEX_BITS
    const entry = entryOf(table, address, shift, readEntry)
    if (entry === undefined || !(entry & PRESENT)) return undefined
    if (level === 1n) return placeIn(frameOf(entry), address, shift)
    if (entry & LARGE) return level <= LARGE_LEVELS ? placeIn(frameOf(entry), address, shift) : undefined
    table = frameOf(entry)
  }
  return undefined
}

/** @returns undefined when it has no tables, or those of 32-bit modes */
export function x86Levels({cr0, cr4, efer}: X86Paging): bigint | undefined {
  if (!(cr0 & PAGING) || !(efer & LONG_MODE_ACTIVE)) return undefined
  return cr4 & FIVE_LEVELS ? 5n : 4n
}

/** Bits 51 to 12. */
function frameOf(entry: bigint): bigint {
  return bits(entry, PAGE_BITS, 52n - PAGE_BITS) << PAGE_BITS
}

function isCanonical(address: bigint, width: bigint): boolean {
  return BigInt.asUintN(64, BigInt.asIntN(Number(width), address)) === address
}
