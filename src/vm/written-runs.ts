// writtenRuns: finds the parts of memory that are not zero; most of a guest's memory is never touched.

const ZEROS = Buffer.alloc(2 ** 20)

/** @param bytes 1 MiB at most @returns runs of blocks, none of which is all zero */
export function* writtenRuns(
  bytes: Uint8Array,
  blockBytes: number,
): Generator<{offset: number; length: number}> {
  if (isZero(bytes)) return
  let start = 0
  for (let block = 0; block < bytes.length + blockBytes; block += blockBytes) {
    if (block < bytes.length && !isZero(bytes.subarray(block, block + blockBytes))) continue
    const end = Math.min(block, bytes.length)
    if (end > start) yield {offset: start, length: end - start}
    start = block + blockBytes
  }
}

const isZero = (bytes: Uint8Array): boolean => ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0
