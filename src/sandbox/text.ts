// textOf: bytes of a guest's as text. To decode many of them takes half a second: the event loop turns meanwhile.

/** A few milliseconds' work, if none of it is UTF-8. The text of less, V8 copies when it collects garbage: 16 MB at a time. */
const PIECE_BYTES = 1 << 18

/** As `TextDecoder` has it, without a BOM. */
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

/** What else waits for the event loop has its turn. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
