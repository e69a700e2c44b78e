// The notes of PT_NOTE, including hv's own, which marks a bare-metal guest. Damaged notes are ignored, as by Linux.

import {PT_NOTE} from '../abi/elf.ts'
import type {ElfReader, Segment} from './image.ts'

const HV_NOTE_NAME = 'hv\0'
const HV_NOTE_TYPE = 1

/** Enough for hv's note, and a bound for a hostile file with a thousand note segments. */
const READ_LIMIT = 4096
const NOTE_HEADER_SIZE = 12

export interface Note {
  /** Including its NUL. */
  readonly name: string
  readonly type: number
  readonly descriptor: Uint8Array
}

/** The descriptor of the first note `hv` of type 1. */
export function findMachineNote(reader: ElfReader, segments: readonly Segment[]): Uint8Array | undefined {
  for (const {name, type, descriptor} of readNotes(reader, segments)) {
    if (type === HV_NOTE_TYPE && name === HV_NOTE_NAME) return descriptor
  }
  return undefined
}

/** From each segment, the notes within its first READ_LIMIT bytes. */
export function* readNotes(reader: ElfReader, segments: readonly Segment[]): Generator<Note> {
  for (const {type, offset, fileSize, align} of segments) {
    if (type !== PT_NOTE || offset + fileSize > reader.size) continue
    yield* scan(reader.read(offset, Math.min(fileSize, READ_LIMIT)), align === 8 ? 8 : 4)
  }
}

function* scan(bytes: Uint8Array, align: number): Generator<Note> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const roundUp = (value: number): number => Math.ceil(value / align) * align
  let at = 0
  while (at + NOTE_HEADER_SIZE <= bytes.length) {
    const nameSize = view.getUint32(at, true)
    const descriptorAt = roundUp(at + NOTE_HEADER_SIZE + nameSize)
    const end = descriptorAt + view.getUint32(at + 4, true)
    if (end > bytes.length) return

    const name = Buffer.from(bytes.subarray(at + NOTE_HEADER_SIZE, at + NOTE_HEADER_SIZE + nameSize))
    yield {
      name: name.toString('latin1'),
      type: view.getUint32(at + 8, true),
      descriptor: new Uint8Array(bytes.subarray(descriptorAt, end)),
    }
    at = roundUp(end)
  }
}
