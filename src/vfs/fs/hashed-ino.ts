// Inode numbers hashed from paths: stable, without a table that a guest could grow.

import type {ByteString} from '../file.ts'

const ROOT_INO = 1
const FIRST_HASHED_INO = 0x1000

/** @param path within the file system; empty: its root */
export function hashedIno(path: ByteString): number {
  if (path === '') return ROOT_INO
  // FNV-1a over two lanes, for 48 bits.
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let i = 0; i < path.length; i++) {
    low = Math.imul(low ^ path.charCodeAt(i), 0x01000193)
    high = Math.imul(high ^ path.charCodeAt(i), 0x85ebca6b)
  }
  return FIRST_HASHED_INO + (low >>> 0) + (high >>> 16) * 2 ** 32
}
