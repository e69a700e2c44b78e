// Quoted strings as strace writes them: C escapes, octal for unprintable bytes, "..." where they are cut.

import {ENAMETOOLONG, Errno} from '../../../abi/errno.ts'
import type {UserMemory} from '../../memory/user-memory.ts'

const PATH_MAX = 4096

const escapes = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
])

export function quote(bytes: Uint8Array): string {
  let text = '"'
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    const escaped = escapes.get(byte)
    if (escaped !== undefined) text += escaped
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${octalEscape(byte, bytes[i + 1])}`
  }
  return `${text}"`
}

/** `"\x12\xab"`: for bytes that are not text. */
export function quoteHex(bytes: Uint8Array): string {
  let text = '"'
  for (const byte of bytes) text += `\\x${byte.toString(16).padStart(2, '0')}`
  return `${text}"`
}

/** At most `limit` bytes of a buffer of `length`. @throws Errno EFAULT */
export function quoteBuffer(
  memory: UserMemory,
  address: number,
  length: number,
  limit: number,
  quoting: (bytes: Uint8Array) => string = quote,
): string {
  const shown = Math.min(length, limit)
  const text = shown === 0 ? '""' : quoting(memory.readBytes(address, shown))
  return length > limit ? `${text}...` : text
}

/** A NUL-terminated path: whole, if no longer than a path can be. @throws Errno EFAULT */
export function quotePath(memory: UserMemory, address: number): string {
  return quoteString(memory, address, PATH_MAX - 1)
}

/** A NUL-terminated string, cut at `limit` bytes. @throws Errno EFAULT */
export function quoteString(memory: UserMemory, address: number, limit: number): string {
  try {
    return quote(Buffer.from(memory.readCString(address, limit + 1), 'latin1'))
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== ENAMETOOLONG) throw error
    return `${quote(memory.readBytes(address, limit))}...`
  }
}

/** The shortest, but three digits if the next character would be read as one more. */
function octalEscape(byte: number, next: number | undefined): string {
  const digitFollows = next !== undefined && next >= 0x30 && next <= 0x37
  return byte.toString(8).padStart(digitFollows ? 3 : 1, '0')
}
