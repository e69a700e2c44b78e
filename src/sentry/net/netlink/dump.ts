// Dump: an answer of many messages, made in pieces while it is read.

import type {Request} from './message.ts'

/** `position` messages of it have been made. */
export interface Dump {
  readonly request: Request
  position: number
}

const LEAST_BYTES = 3776
const MOST_BYTES = 32_768

/** How long a piece may be. @param readerBytes the largest buffer that a reader had */
export function pieceBytes(readerBytes: number): number {
  return Math.min(Math.max(readerBytes, LEAST_BYTES), MOST_BYTES)
}
