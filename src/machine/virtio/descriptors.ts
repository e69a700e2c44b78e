// Walks the descriptors of a chain, in the table and in an indirect one (virtio 1.2, 2.7.5).

import {BrokenRing, viewOf, viewsOf} from './broken-ring.ts'
import type {ViewOfMemory} from './model.ts'
import {DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESCRIPTOR_BYTES} from './registers.ts'

export interface Parts {
  readonly readable: Uint8Array[]
  readonly writable: Uint8Array[]
}

export interface WalkLimits {
  /**
   * For a chain, and for the entries of an indirect table: the device's maximum queue size. Linux sets up a smaller queue when its own
   * memory is short, and makes indirect chains as long as before.
   */
  readonly maxBuffers: number
  /** In both directions together. */
  readonly maxBytes: number
  readonly hasIndirect: boolean
}

const WORDS = DESCRIPTOR_BYTES / 4
/** An address whose upper half is this or more is not exact, and not memory. */
const HIGH_LIMIT = 1 << 21

/** @param table four words a descriptor @param head below the table's size @throws BrokenRing */
export function walk(memory: ViewOfMemory, table: Uint32Array, head: number, limits: WalkLimits): Parts {
  const parts: Parts = {readable: [], writable: []}
  let words = table
  let isIndirect = false
  let bytes = 0
  let buffers = 0
  let index = head
  for (let steps = 0; ; steps++) {
    // One step more than buffers: for the descriptor of the indirect table.
    if (steps > limits.maxBuffers + (isIndirect ? 1 : 0)) throw new BrokenRing('a chain has no end')
    const {address, length, flags, next} = descriptorAt(words, index)
    if ((flags & DESC_F_INDIRECT) !== 0) {
      checkIndirect(flags, length, isIndirect, limits)
      words = wordsOf(viewOf(memory, address, length, DESCRIPTOR_BYTES))
      isIndirect = true
      index = 0
      continue
    }
    bytes += length
    if (length === 0 || bytes > limits.maxBytes) throw new BrokenRing(`a chain of ${bytes} bytes`)
    addPart(parts, viewsOf(memory, address, length), (flags & DESC_F_WRITE) !== 0)
    if (++buffers > limits.maxBuffers) throw new BrokenRing('a chain has too many buffers')
    if ((flags & DESC_F_NEXT) === 0) return parts
    if (next * WORDS >= words.length) throw new BrokenRing(`a chain goes on at descriptor ${next}`)
    index = next
  }
}

function checkIndirect(flags: number, length: number, isIndirect: boolean, limits: WalkLimits): void {
  if (!limits.hasIndirect) throw new BrokenRing('an indirect table, which was not negotiated')
  if (isIndirect) throw new BrokenRing('an indirect table in an indirect table')
  if ((flags & DESC_F_NEXT) !== 0) throw new BrokenRing('a chain goes on behind its indirect table')
  if (length === 0 || length % DESCRIPTOR_BYTES !== 0 || length > limits.maxBuffers * DESCRIPTOR_BYTES)
    throw new BrokenRing(`an indirect table of ${length} bytes`)
}

function addPart({readable, writable}: Parts, views: readonly Uint8Array[], isWritable: boolean): void {
  if (isWritable) writable.push(...views)
  else if (writable.length === 0) readable.push(...views)
  else throw new BrokenRing('readable bytes behind writable ones')
}

/** The table is memory that the guest may change: each word is read once. */
function descriptorAt(words: Uint32Array, index: number) {
  const at = index * WORDS
  const high = words[at + 1]
  if (high >= HIGH_LIMIT) throw new BrokenRing('an address beyond all memory')
  const flagsAndNext = words[at + 3]
  return {
    address: high * 2 ** 32 + words[at],
    length: words[at + 2],
    flags: flagsAndNext & 0xffff,
    next: flagsAndNext >>> 16,
  }
}

export const wordsOf = (table: Uint8Array): Uint32Array =>
  new Uint32Array(table.buffer, table.byteOffset, table.length / 4)
