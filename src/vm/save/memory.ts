// A VM's memory in a file: the pieces that are not zero, in order.

import {fstatSync, ftruncateSync, writeSync} from 'node:fs'
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

/** @returns how many bytes of a file all slots take, one after the other */
const bytesOf = (slots: readonly MemorySlot[]): number => slots.reduce((sum, {bytes}) => sum + bytes, 0)

/** Writes all memory to an empty file, which has holes where it is zero. */
export function writeApart(file: number, slots: readonly MemorySlot[]): void {
  ftruncateSync(file, bytesOf(slots))
  let begin = 0
  for (const slot of slots) {
    for (const {offset, length} of piecesOf(slot)) {
      const bytes = slot.view(slot.address + offset, length)
      for (let done = 0; done < length; )
        done += writeSync(file, bytes, done, length - done, begin + offset + done)
    }
    begin += slot.bytes
  }
}

/** The memory is the file's, page by page as it is touched; the file is never written. @throws HvError SAVE_INVALID */
export function mapApart(file: number, slots: readonly MemorySlot[]): void {
  const stat = fstatSync(file)
  const bytes = bytesOf(slots)
  if (!stat.isFile() || stat.size !== bytes)
    throw invalid(`its file of memory has ${stat.size} bytes, and its memory ${bytes}`)
  let begin = 0
  for (const slot of slots) {
    slot.mapCopyOf(file, begin)
    begin += slot.bytes
  }
}

/** That no piece follows. */
export function writeEnd(write: Write): void {
  write(encodePiece({slot: END, offset: 0, length: 0}))
}

export function writeMemory(write: Write, slots: readonly MemorySlot[]): void {
  for (const [index, slot] of slots.entries()) {
    for (const {offset, length} of piecesOf(slot)) {
      write(encodePiece({slot: index, offset, length}))
      write(slot.view(slot.address + offset, length))
    }
  }
  writeEnd(write)
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
