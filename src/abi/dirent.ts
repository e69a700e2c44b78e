// getdents64(2), getdents(2): the layouts of their records.

import {setInt64} from './word.ts'

/** Before the name: d_ino, d_off, d_reclen; in struct linux_dirent64 also the type. */
const HEADER = 18

/** Bytes of a record of either layout: a name with its NUL and the type's byte, rounded up to 8. */
export function direntSize(nameLength: number): number {
  return (HEADER + nameLength + 2 + 7) & ~7
}

/**
 * Writes one record at `offset`; `next` is d_off. The name is a byte string.
 * @param isLegacy struct linux_dirent, whose last byte is the type
 * @returns the offset after it
 */
export function encodeDirent(
  view: DataView,
  offset: number,
  {ino, type, name}: {ino: number; type: number; name: string},
  next: number,
  isLegacy: boolean,
): number {
  const end = offset + direntSize(name.length)
  setInt64(view, offset, ino)
  setInt64(view, offset + 8, next)
  view.setUint16(offset + 16, end - offset, true)
  let at = offset + HEADER + (isLegacy ? 0 : 1)
  for (let i = 0; i < name.length; i++) view.setUint8(at++, name.charCodeAt(i))
  while (at < end) view.setUint8(at++, 0)
  view.setUint8(isLegacy ? end - 1 : offset + HEADER, type)
  return end
}
