// textOf: a guest's bytes as text. Decoding many of them takes half a second, so the event loop turns meanwhile.

import {constants} from 'node:buffer'
import {badArgument} from '../../../errors.ts'

/** The most bytes that surely fit a string: each becomes one character at most. */
export const MOST_TEXT_BYTES = constants.MAX_STRING_LENGTH
/** A few milliseconds' work, if none of it is UTF-8. V8 copies the text of smaller pieces when it collects garbage: 16 MB at a time. */
const PIECE_BYTES = 1 << 18

/** @param limit of bytes that will be text. @throws HvError BAD_ARGUMENT */
export function requireFits(limit: number, name: string): void {
  if (limit <= MOST_TEXT_BYTES) return
  throw badArgument(
    `no string holds ${limit} bytes, which \`${name}\` allows`,
    `say \`encoding: 'buffer'\`, or give ${MOST_TEXT_BYTES} at most`,
  )
}

/** Decodes as `TextDecoder` does, without a BOM. */
export async function textOf(bytes: Uint8Array): Promise<string> {
  const decoder = new TextDecoder()
  if (bytes.length <= PIECE_BYTES) return decoder.decode(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    text += decoder.decode(bytes.subarray(at, at + PIECE_BYTES), {stream: true})
    await oneTurn()
  }
  return text + decoder.decode()
}

/** Lets other work of the event loop run. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
