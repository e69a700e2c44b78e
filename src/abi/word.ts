// The one rule by which a 64-bit word becomes a number: for a program's arguments, and for words in its memory; and how one is stored.
//
// A word is exact up to 2^52 from either end of its range, and the range ends at 2^53 here where it ends at 2^64 (unsigned) or 2^63
// (signed) there: so -1 as an address is 2^53 - 1, and a sum that wraps there is WORD_END or more here. Words in between are out of
// every range; they keep only their offset in a page, at 2^52. No sum of two such words is rounded below WORD_END.

const TWO_20 = 2 ** 20
const TWO_31 = 2 ** 31
const TWO_32 = 2 ** 32
const IN_PAGE = 0xfff

/** Up to here, words keep their values. */
export const EXACT_END = 2 ** 52
/** Stands for 2^64, or for 2^63 for signed words. */
export const WORD_END = 2 ** 53
/** The last offset: stands for 2^63 - 1. */
export const LAST_OFFSET = WORD_END - 1

/** @param low, high the halves, as signed 32-bit integers */
export function unsignedWord(low: number, high: number): number {
  if (high >>> 20 === 0) return high * TWO_32 + (low >>> 0)
  if (high < 0 && high >= -TWO_20) return WORD_END + high * TWO_32 + (low >>> 0)
  return EXACT_END + (low & IN_PAGE)
}

export function signedWord(low: number, high: number): number {
  if (high >= -TWO_20 && high < TWO_20) return high * TWO_32 + (low >>> 0)
  if (high < 0) return -WORD_END
  if (high >= TWO_31 - TWO_20) return WORD_END + (high - TWO_31) * TWO_32 + (low >>> 0)
  return EXACT_END + (low & IN_PAGE)
}

/** Little-endian. For an integer up to 2^53 from zero, whether the field is signed or not. */
export function setInt64(view: DataView, offset: number, value: number): void {
  view.setInt32(offset, value % TWO_32, true)
  view.setInt32(offset + 4, Math.floor(value / TWO_32), true)
}
