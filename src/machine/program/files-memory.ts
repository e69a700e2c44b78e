// filesMemory: memory for the files of a tree that a machine is shown, as the machine has no memory in common with it.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {createMemoryFile} from '../../platform/page-allocator.ts'

const NONE = new ArrayBuffer(0)
/** The most for a MemoryFile. */
const MOST_BYTES = 2 ** 32

/** @param bytes a multiple of 4096; more than 4 GiB count as 4 GiB. The host backs it as it is used, and for as long as it exists */
export function filesMemory(bytes: number): MemoryFile {
  const size = Math.min(bytes, MOST_BYTES)
  let whole = NONE
  const upTo = (end: number): ArrayBuffer => {
    if (end > 0 && whole === NONE) whole = new ArrayBuffer(size)
    return whole
  }
  return createMemoryFile({size, upTo}, (offset, length) => new Uint8Array(whole, offset, length).fill(0))
}
