// ownString: a byte string to keep. V8's slices hold all of the string that they were cut from: for a name, a path of 4 KB.

import type {ByteString} from './file.ts'

/** V8 copies shorter ones: SlicedString::kMinLength. */
const MIN_SLICE = 13

export function ownString(text: ByteString): ByteString {
  return text.length < MIN_SLICE ? text : Buffer.from(text, 'latin1').toString('latin1')
}
