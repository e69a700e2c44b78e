// linesOf: bytes that come in pieces, as lines of text.

import {HvError} from '../../../errors.ts'
import {GrowingBytes} from '../../protocol/growing-bytes.ts'
import {oneTurn} from './text.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** A piece may be a million lines, and its consumer may never wait: then the event loop would not turn. */
const LINES_IN_A_TURN = 500

/**
 * Without their ends, `\n` or `\r\n`, which the last one may lack.
 * @param maxBytes of a line without its end
 * @throws HvError LINE_TOO_LONG
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, void> {
  // Includes a carriage return, which may turn out to belong to the line's end.
  const held = new GrowingBytes(maxBytes + 1)
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true})
  const hold = (bytes: Uint8Array): void => {
    if (held.length + bytes.length > maxBytes + 1) throw tooLong(maxBytes)
    held.append(bytes)
  }
  let lines = 0
  for await (const piece of pieces) {
    let start = 0
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      const rest = piece.subarray(start, end)
      start = end + 1
      if (held.length > 0) hold(rest)
      yield decoder.decode(withoutReturn(held.length > 0 ? held.take() : rest, maxBytes))
      if (++lines % LINES_IN_A_TURN === 0) await oneTurn()
    }
    hold(piece.subarray(start))
  }
  if (held.length > maxBytes) throw tooLong(maxBytes)
  if (held.length > 0) yield decoder.decode(held.take())
}

function withoutReturn(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
  if (line.length > maxBytes) throw tooLong(maxBytes)
  return line
}

function tooLong(maxBytes: number): HvError {
  return new HvError(
    'LINE_TOO_LONG',
    `a line is longer than ${maxBytes} bytes`,
    'raise `maxLineBytes`, or read the stream',
  )
}
