// ownString: a byte string for keeps. V8's slices hold all of what they were cut from: a name, the path of 4 KB around it.

import type {ByteString} from './file.ts'

/** V8 copies what is shorter: SlicedString::kMinLength. */
const MIN_SLICE = 13

export function ownString(text: ByteString): ByteString {
  return text.length < MIN_SLICE ? text : Buffer.from(text, 'latin1').toString('latin1')
}
