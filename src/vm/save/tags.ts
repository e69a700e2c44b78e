// The allocation tags of a VM's memory in a file: those of the blocks that have any but 0, in order.

import type {MemorySlot} from '../memory-slot.ts'
import type {MemoryTags} from '../memory-tags.ts'
import type {Read, Write} from './file.ts'
import {
  BLOCK_BYTES,
  decodePiece,
  END,
  encodePiece,
  PIECE_MAX,
  PIECE_PREFIX_BYTES,
  type Piece,
  type SavedSlot,
} from './format.ts'

/** Tags of a block: one for 16 bytes each. */
const BLOCK_TAGS = BLOCK_BYTES / 16

export function writeTags(write: Write, tags: MemoryTags, slots: readonly MemorySlot[]): void {
  for (const [index, slot] of slots.entries()) {
    for (let at = 0; at < slot.bytes; at += PIECE_MAX) {
      const all = tags.read(slot.address + at, Math.min(PIECE_MAX, slot.bytes - at))
      for (let block = 0; block < all.length / BLOCK_TAGS; block++) {
        const own = all.subarray(block * BLOCK_TAGS, (block + 1) * BLOCK_TAGS)
        if (own.every((tag) => tag === 0)) continue
        write(encodePiece({slot: index, offset: at + block * BLOCK_BYTES, length: BLOCK_BYTES}))
        write(own)
      }
    }
  }
  write(encodePiece({slot: END, offset: 0, length: 0}))
}

/** @throws HvError SAVE_INVALID, BAD_ARGUMENT for what is no tag */
export function readTags(
  read: Read,
  tags: MemoryTags,
  slots: readonly MemorySlot[],
  saved: readonly SavedSlot[],
): void {
  const prefix = new Uint8Array(PIECE_PREFIX_BYTES)
  let before: Piece = {slot: 0, offset: 0, length: 0}
  for (;;) {
    read(prefix)
    const piece = decodePiece(prefix, saved, before)
    if (piece === undefined) return
    const own = new Uint8Array(piece.length / 16)
    read(own)
    tags.write(slots[piece.slot].address + piece.offset, own)
    before = piece
  }
}
