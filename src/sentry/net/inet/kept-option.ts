// KeptOption: an option of a socket that holds a number, and which numbers.

/** An option that is kept: what it is before it is set, and which values it takes. */
export interface KeptOption {
  readonly initial: number
  readonly least: number
  readonly most: number
  /** Any value but 0 is 1. */
  readonly isSwitch?: boolean
  /** A value outside the bounds, and what it stands for. */
  readonly besides?: readonly [value: number, meaning: number]
  /** What another value fails with: EINVAL unless it says so. */
  readonly error?: number
  /** Set: sockets of streams have no such option, and fail with this. */
  readonly streamError?: number
}

const INT_MIN = -0x8000_0000
const INT_MAX = 0x7fff_ffff
export const off: KeptOption = {initial: 0, least: INT_MIN, most: INT_MAX, isSwitch: true}
export const on: KeptOption = {...off, initial: 1}
export const number = (initial: number, least = INT_MIN, most = INT_MAX): KeptOption => ({
  initial,
  least,
  most,
})
