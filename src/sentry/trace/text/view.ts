// Fields, pointers and arrays of guest structures as strace writes them. 64-bit fields are exact, whatever the guest stored.

import {Errno} from '../../../abi/errno.ts'
import {hex, hexOf} from './number.ts'

export function int64(view: DataView, offset: number): string {
  return String(view.getBigInt64(offset, true))
}

export function uint64(view: DataView, offset: number): string {
  return String(view.getBigUint64(offset, true))
}

export function hex64(view: DataView, offset: number): string {
  return hex(view.getInt32(offset, true), view.getInt32(offset + 4, true))
}

/** A pointer: `NULL` for zero. */
export function pointer64(view: DataView, offset: number): string {
  const text = hex64(view, offset)
  return text === '0' ? 'NULL' : text
}

/** What it points to; the pointer itself when that cannot be read, or `NULL`. */
export function orPointer(address: number, show: () => string): string {
  if (address === 0) return 'NULL'
  try {
    return show()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return hexOf(address)
  }
}

/** `[a, b, ...]`: the first `limit` of `count` elements. @param show by index */
export function showFirst(count: number, limit: number, show: (index: number) => unknown): string {
  const shown = Array.from({length: Math.max(0, Math.min(count, limit))}, (_, index) => show(index))
  if (count > limit) shown.push('...')
  return `[${shown.join(', ')}]`
}

/** `[0 2]`: the first `count` bits that are set. */
export function showBits(bytes: Uint8Array, count: number): string {
  const members: number[] = []
  for (let bit = 0; bit < count; bit++) if (bytes[bit >> 3] & (1 << (bit & 7))) members.push(bit)
  return `[${members.join(' ')}]`
}

/**
 * `[a, b, ...]`; where an element after the first cannot be read, `[a, ... /* 0x7f… *\/]`.
 * @param show the element at an address
 * @throws Errno EFAULT for the first
 */
export function showArray(
  address: number,
  elementBytes: number,
  count: number,
  limit: number,
  show: (address: number) => string,
): string {
  const parts: string[] = []
  for (let i = 0; i < Math.min(count, limit); i++) {
    const at = address + i * elementBytes
    try {
      parts.push(show(at))
    } catch (error) {
      if (!(error instanceof Errno) || i === 0) throw error
      return `[${parts.join(', ')}, ... /* ${hexOf(at)} */]`
    }
  }
  if (count > limit) parts.push('...')
  return `[${parts.join(', ')}]`
}
