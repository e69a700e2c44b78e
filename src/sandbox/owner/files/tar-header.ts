// Headers of a tar archive in GNU's format, whose names are any bytes of any length (GNU tar's manual, "Basic Tar Format").

import type {ByteString} from '../../../vfs/file.ts'

export interface TarFile {
  /** `0`: a file, `2`: a symbolic link, `5`: a directory. */
  type: '0' | '2' | '5'
  name: ByteString
  mode: number
  uid: number
  gid: number
  /** Bytes of content after the header. */
  size: number
  /** Seconds since 1970. */
  modified: number
  linkName?: ByteString
}

const BLOCK = 512
const NAME_BYTES = 100
const CHECKSUM_AT = 148
const LONG_NAME = '././@LongLink'

/** Two blocks of zeros. */
export const END = Buffer.alloc(2 * BLOCK)

export function tarHeader(file: TarFile): Buffer {
  const {name, linkName = ''} = file
  return Buffer.concat([
    ...(linkName.length > NAME_BYTES ? longName('K', linkName) : []),
    ...(name.length > NAME_BYTES ? longName('L', name) : []),
    block(file),
  ])
}

/** What follows after the content. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** An entry that replaces the name, or the link's text, of the next. */
function longName(type: 'K' | 'L', text: ByteString): Buffer[] {
  const bytes = Buffer.from(`${text}\0`, 'latin1')
  const header = block({type, name: LONG_NAME, mode: 0o644, uid: 0, gid: 0, size: bytes.length, modified: 0})
  return [header, bytes, padding(bytes.length)]
}

function block(file: Omit<TarFile, 'type'> & {type: string}): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  bytes.write(file.name.slice(0, NAME_BYTES), 0, 'latin1')
  writeNumber(bytes, file.mode, 100, 8)
  writeNumber(bytes, file.uid, 108, 8)
  writeNumber(bytes, file.gid, 116, 8)
  writeNumber(bytes, file.size, 124, 12)
  writeNumber(bytes, file.modified, 136, 12)
  bytes.write(file.type, 156, 'latin1')
  bytes.write((file.linkName ?? '').slice(0, NAME_BYTES), 157, 'latin1')
  bytes.write('ustar  \0', 257, 'latin1')
  // The sum counts its own field as blanks.
  bytes.fill(' ', CHECKSUM_AT, CHECKSUM_AT + 8)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0`, CHECKSUM_AT, 'latin1')
  return bytes
}

/** Octal digits, or if they have no room, big-endian binary behind a set bit. */
function writeNumber(bytes: Buffer, value: number, at: number, width: number): void {
  const digits = value.toString(8)
  if (digits.length < width) {
    bytes.write(digits.padStart(width - 1, '0'), at, 'latin1')
    return
  }
  bytes.write(value.toString(16).padStart(2 * width, '0'), at, 'hex')
  bytes[at] |= 0x80
}
