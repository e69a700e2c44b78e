// Iovec: struct iovec: a range of guest memory.

/** A part of a readv(2) or writev(2) vector: bytes. */
export interface Iovec {
  readonly address: number
  readonly length: number
}
