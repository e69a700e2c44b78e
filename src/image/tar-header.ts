// Headers of a tar archive: blocks of POSIX's ustar and GNU tar's variant (pax(1); GNU tar's manual, "Basic Tar Format"), and pax's records.

/** `LENGTH KEY=VALUE\n`, one after another (pax(1), "pax Extended Header"). */
const RECORD = /^(\d{1,7}) /
/** Other records describe what a guest does not see. */
const KNOWN = /^(path|linkpath|size|uid|gid|mtime|GNU\.sparse\..{1,20})$/
const NEWLINE = 0x0a

/** The records that matter. Values are bytes. Later records replace earlier ones. @returns undefined when they are damaged */
export function parsePax(bytes: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const match = RECORD.exec(bytes.toString('latin1', at, at + 8))
    if (match === null) return undefined
    const length = Number(match[1])
    const end = at + length - 1
    if (length <= match[0].length || end >= bytes.length || bytes[end] !== NEWLINE) return undefined
    const record = bytes.toString('latin1', at + match[0].length, end)
    const equals = record.indexOf('=')
    if (equals < 1) return undefined
    const key = record.slice(0, equals)
    if (KNOWN.test(key)) records.set(key, record.slice(equals + 1))
    at = end + 1
  }
  return records
}

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
