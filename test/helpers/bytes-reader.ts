// bytesReader: an ElfReader over bytes in memory.

import type {ElfReader} from '../../src/elf/image.ts'

export function bytesReader(bytes: Uint8Array): ElfReader {
  return {size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length)}
}
