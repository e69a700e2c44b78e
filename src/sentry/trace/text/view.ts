// 64-bit fields of guest structures as text: exact, whatever the guest stored.

import {hex} from './number.ts'

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
