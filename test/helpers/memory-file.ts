// A MemoryFile over an ordinary ArrayBuffer, for tests that need no memfd.

import type {MemoryFile} from '../../src/platform/memory-file.ts'
import {createMemoryFile} from '../../src/platform/page-allocator.ts'

export function memoryFile(bytes = 64 << 20): MemoryFile {
  const buffer = new ArrayBuffer(bytes)
  return createMemoryFile({size: bytes, upTo: () => buffer}, (offset, length) =>
    new Uint8Array(buffer, offset, length).fill(0),
  )
}
