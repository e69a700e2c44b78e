// A header block of a tar archive: POSIX's ustar, and GNU tar's variant (pax(1); GNU tar's manual, "Basic Tar Format").

export const BLOCK = 512

export interface TarHeader {
  name: string
  mode: number
  uid: number
  gid: number
  /** Bytes of content after the block. */
  size: number
  mtime: number
  /** One character; '0' when no type is given. */
  type: string
  linkName: string
  major: number
  minor: number
}

const CHECKSUM_AT = 148
const CHECKSUM_END = 156
const SPACE = 0x20
const ZERO = 0x30
const PREFIX_AT = 345
const PREFIX_END = 500

/** @returns undefined when it is no header; 'end' when it is all zeros, which ends an archive */
export function parseHeader(block: Buffer): TarHeader | 'end' | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return 'end'
  if (!isSummed(block)) return undefined
  const prefix = isPosix(block) ? textOf(block, PREFIX_AT, PREFIX_END) : ''
  const name = textOf(block, 0, 100)
  const type = String.fromCharCode(block[156])
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberOf(block, 100, 108),
    uid: numberOf(block, 108, 116),
    gid: numberOf(block, 116, 124),
    size: numberOf(block, 124, 136),
    mtime: numberOf(block, 136, 148),
    type: type === '\0' ? '0' : type,
    linkName: textOf(block, 157, 257),
    major: numberOf(block, 329, 337),
    minor: numberOf(block, 337, 345),
  }
}

/** GNU's "ustar  " has other fields in place of the prefix. */
function isPosix(block: Buffer): boolean {
  return block.toString('latin1', 257, 263) === 'ustar\0'
}

/** The sum counts its own field as spaces. Old archives have sums of signed bytes, which are no longer made. */
function isSummed(block: Buffer): boolean {
  let sum = SPACE * (CHECKSUM_END - CHECKSUM_AT)
  for (let at = 0; at < CHECKSUM_AT; at++) sum += block[at]
  for (let at = CHECKSUM_END; at < BLOCK; at++) sum += block[at]
  return sum === numberOf(block, CHECKSUM_AT, CHECKSUM_END)
}

function textOf(block: Buffer, from: number, to: number): string {
  let end = from
  while (end < to && block[end] !== 0) end++
  return block.toString('latin1', from, end)
}

/** Octal digits, or if the first bit is set, GNU's big-endian binary. NaN for anything else. */
function numberOf(block: Buffer, from: number, to: number): number {
  if (block[from] & 0x80) return binaryOf(block.subarray(from, to))
  let at = from
  while (at < to && block[at] === SPACE) at++
  let value = 0
  for (; at < to && block[at] >= ZERO && block[at] < ZERO + 8; at++) value = value * 8 + block[at] - ZERO
  return at === to || block[at] === SPACE || block[at] === 0 ? value : Number.NaN
}

function binaryOf(field: Uint8Array): number {
  const isNegative = (field[0] & 0x40) !== 0
  let value = isNegative ? field[0] - 0x100 : field[0] & 0x7f
  for (const byte of field.subarray(1)) value = value * 0x100 + byte
  return Number.isSafeInteger(value) ? value : Number.NaN
}
