// A VM's memory in a file: the pieces that are not zero, in order.

import type {MemorySlot} from '../memory-slot.ts'
import {writtenRuns} from '../written-runs.ts'
import type {Read, Write} from './file.ts'
import {
  BLOCK_BYTES,
  decodePiece,
  END,
  encodePiece,
  invalid,
  PIECE_MAX,
  PIECE_PREFIX_BYTES,
  type Piece,
  type SavedSlot,
} from './format.ts'

export function writeMemory(write: Write, slots: readonly MemorySlot[]): void {
  for (const [index, slot] of slots.entries()) {
    for (const {offset, length} of piecesOf(slot)) {
      write(encodePiece({slot: index, offset, length}))
      write(slot.view(slot.address + offset, length))
    }
  }
  write(encodePiece({slot: END, offset: 0, length: 0}))
}

/** Runs of blocks that are not zero, none longer than a piece may be. */
function* piecesOf(slot: MemorySlot): Generator<Omit<Piece, 'slot'>> {
  for (let at = 0; at < slot.bytes; at += PIECE_MAX) {
    const all = slot.view(slot.address + at, Math.min(PIECE_MAX, slot.bytes - at))
    for (const {offset, length} of writtenRuns(all, BLOCK_BYTES)) yield {offset: at + offset, length}
  }
}

/** @throws HvError SAVE_INVALID */
export function readMemory(read: Read, slots: readonly MemorySlot[], saved: readonly SavedSlot[]): void {
  const prefix = new Uint8Array(PIECE_PREFIX_BYTES)
  let before: Piece = {slot: 0, offset: 0, length: 0}
  for (;;) {
    read(prefix)
    const piece = decodePiece(prefix, saved, before)
    if (piece === undefined) return
    const slot = slots[piece.slot]
    if (slot === undefined) throw invalid(`it has memory of slot ${piece.slot}`)
    const address = slot.address + piece.offset
    read(slot.view(address, piece.length))
    // It may hold code.
    slot.publish(address, piece.length)
    before = piece
  }
}
