// The pages that a dirty log names, as ranges.

/**
 * Consecutive pages that the guest wrote.
 *
 * @example
 * using logging = vm.addMemory({address: 0x200000, bytes: 0x10000, logsDirty: true})
 * for (const {address, length} of logging.takeDirty()) console.log(address, length)
 */
export interface DirtyRange {
  /** Guest physical. */
  readonly address: number
  /** Bytes: a multiple of the host's page size. */
  readonly length: number
}

/** Of a dirty log: a bit each. */
export const PAGES_OF_WORD = 64

/** @param address of the first bit's page @param page its bytes */
export function rangesOf(bitmap: BigUint64Array, address: number, page: number): DirtyRange[] {
  const ranges: {address: number; length: number}[] = []
  for (const [index, word] of bitmap.entries()) {
    if (word === 0n) continue
    for (let bit = 0; bit < PAGES_OF_WORD; bit++) {
      if (((word >> BigInt(bit)) & 1n) === 0n) continue
      const at = address + (index * PAGES_OF_WORD + bit) * page
      const last = ranges.at(-1)
      if (last !== undefined && last.address + last.length === at) last.length += page
      else ranges.push({address: at, length: page})
    }
  }
  return ranges
}
