// The kernel's page size, from the auxiliary vector of this process.

import {AT_NULL, AT_PAGESZ} from '../abi/auxv.ts'
import type {Host} from './host.ts'

const ENTRY_BYTES = 16

/** Bytes; null when it cannot be read. The vector has pairs of 64-bit words, little-endian on every host that hv knows. */
export function pageSizeOf(host: Host): number | null {
  const vector = host.readBytes('/proc/self/auxv')
  if (!vector) return null
  for (let at = 0; at + ENTRY_BYTES <= vector.length; at += ENTRY_BYTES) {
    const type = Number(vector.readBigUInt64LE(at))
    if (type === AT_NULL) return null
    if (type === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8))
  }
  return null
}
