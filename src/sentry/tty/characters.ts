// The kind of character that a byte is to Linux's terminals: Latin-1, or a part of UTF-8.

const MULTIPLICATION = 0xd7
const SHARP_S = 0xdf
const DIVISION = 0xf7

export function isControl(byte: number): boolean {
  return byte < 32 || byte === 127
}

/** Not the first byte of a UTF-8 character. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** Letters, digits and the underscore: what VWERASE erases as a word. */
export function isWord(byte: number): boolean {
  return isUpper(byte) || isLower(byte) || (byte >= 48 && byte <= 57) || byte === 95
}

export function toLower(byte: number): number {
  return isUpper(byte) ? byte + 32 : byte
}

export function toUpper(byte: number): number {
  return isLower(byte) && byte !== SHARP_S ? byte - 32 : byte
}

function isUpper(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 0xc0 && byte <= 0xde && byte !== MULTIPLICATION)
}

function isLower(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= SHARP_S && byte !== DIVISION)
}
