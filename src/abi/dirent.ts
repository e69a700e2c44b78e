// getdents64(2), getdents(2): entry types and record layouts.

export const DT_UNKNOWN = 0
export const DT_FIFO = 1
export const DT_CHR = 2
export const DT_DIR = 4
export const DT_BLK = 6
export const DT_REG = 8
export const DT_LNK = 10
export const DT_SOCK = 12

const HEADER64 = 19
const HEADER = 18

/** Bytes of struct linux_dirent64 with a name of `nameLength` bytes and its NUL, rounded up to 8. */
export function dirent64Size(nameLength: number): number {
  return (HEADER64 + nameLength + 1 + 7) & ~7
}

/** Bytes of the legacy struct linux_dirent, whose last byte is the type. */
export function direntSize(nameLength: number): number {
  return (HEADER + nameLength + 2 + 7) & ~7
}

/** Writes one record at `offset`; `next` is d_off. The name is a byte string. @returns the offset after it */
export function encodeDirent64(
  view: DataView,
  offset: number,
  ino: number,
  next: number,
  type: number,
  name: string,
): number {
  const size = dirent64Size(name.length)
  setHeader(view, offset, ino, next, size)
  view.setUint8(offset + 18, type)
  setName(view, offset + HEADER64, name, offset + size)
  return offset + size
}

/** Like encodeDirent64, for the legacy layout. */
export function encodeDirent(
  view: DataView,
  offset: number,
  ino: number,
  next: number,
  type: number,
  name: string,
): number {
  const size = direntSize(name.length)
  setHeader(view, offset, ino, next, size)
  setName(view, offset + HEADER, name, offset + size - 1)
  view.setUint8(offset + size - 1, type)
  return offset + size
}

function setHeader(view: DataView, offset: number, ino: number, next: number, size: number): void {
  view.setUint32(offset, ino % 0x1_0000_0000, true)
  view.setUint32(offset + 4, ino / 0x1_0000_0000, true)
  view.setUint32(offset + 8, next % 0x1_0000_0000, true)
  view.setUint32(offset + 12, next / 0x1_0000_0000, true)
  view.setUint16(offset + 16, size, true)
}

function setName(view: DataView, offset: number, name: string, end: number): void {
  for (let i = 0; i < name.length; i++) view.setUint8(offset + i, name.charCodeAt(i))
  for (let at = offset + name.length; at < end; at++) view.setUint8(at, 0)
}
