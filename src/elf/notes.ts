// hv's own note in PT_NOTE, which marks a bare-metal guest. Damaged notes are no notes, as for Linux.

import {PT_NOTE} from '../abi/elf.ts'
import type {ElfReader, Segment} from './image.ts'

export const HV_NOTE_NAME = 'hv\0'
export const HV_NOTE_TYPE = 1

/** Enough for hv's note, and a bound for a hostile file with a thousand note segments. */
const READ_LIMIT = 4096
const NOTE_HEADER_SIZE = 12

/** The descriptor of the first note `hv` of type 1. */
export function findMachineNote(reader: ElfReader, segments: readonly Segment[]): Uint8Array | undefined {
  for (const {type, offset, fileSize, align} of segments) {
    if (type !== PT_NOTE || offset + fileSize > reader.size) continue

    const note = scan(reader.read(offset, Math.min(fileSize, READ_LIMIT)), align === 8 ? 8 : 4)
    if (note !== undefined) return note
  }
  return undefined
}

function scan(bytes: Uint8Array, align: number): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const roundUp = (value: number): number => Math.ceil(value / align) * align
  let at = 0
  while (at + NOTE_HEADER_SIZE <= bytes.length) {
    const nameSize = view.getUint32(at, true)
    const descriptorAt = roundUp(at + NOTE_HEADER_SIZE + nameSize)
    const end = descriptorAt + view.getUint32(at + 4, true)
    if (end > bytes.length) return undefined

    const name = Buffer.from(bytes.subarray(at + NOTE_HEADER_SIZE, at + NOTE_HEADER_SIZE + nameSize))
    if (view.getUint32(at + 8, true) === HV_NOTE_TYPE && name.toString('latin1') === HV_NOTE_NAME) {
      return new Uint8Array(bytes.subarray(descriptorAt, end))
    }
    at = roundUp(end)
  }
  return undefined
}
