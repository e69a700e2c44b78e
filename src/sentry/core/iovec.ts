// Iovec: struct iovec: a range of guest memory.

/** A part of a readv(2) or writev(2) vector: bytes. */
export interface Iovec {
  readonly address: number
  readonly length: number
}

/** The ranges after the first `skip` bytes. */
export function rest(ranges: readonly Iovec[], skip: number): readonly Iovec[] {
  if (skip === 0) return ranges
  const left: Iovec[] = []
  for (const {address, length} of ranges) {
    if (skip < length) left.push({address: address + skip, length: length - skip})
    skip = Math.max(0, skip - length)
  }
  return left
}

/** The first `length` bytes. */
export function cut(ranges: readonly Iovec[], length: number): readonly Iovec[] {
  const kept: Iovec[] = []
  for (const range of ranges) {
    if (length === 0) break
    kept.push({address: range.address, length: Math.min(range.length, length)})
    length -= Math.min(range.length, length)
  }
  return kept
}

export function totalLength(ranges: readonly Iovec[]): number {
  let total = 0
  for (const {length} of ranges) total += length
  return total
}
