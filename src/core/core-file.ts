// writeCore: an ELF core file (elf(5), core(5)): notes, and then parts of memory. Parts that read as zero become holes.

import {EHDR_SIZE, EM_AARCH64, EM_X86_64, ET_CORE, PHDR_SIZE, PT_LOAD, PT_NOTE} from '../abi/elf.ts'
import {setElfHeader, setSegmentHeader} from '../abi/elf-headers.ts'
import type {CoreNote} from '../arch/debug.ts'
import {arch} from '../arch/index.ts'

const MACHINES = {x86_64: EM_X86_64, arm64: EM_AARCH64} as const

const NOTE_ALIGNMENT = 4
const PAGE_BYTES = 4096
/** Above this number, the count is stored elsewhere (PN_XNUM), which few readers know. */
export const MAX_SEGMENTS = 0xfffe

/** A part of memory. Bytes, multiples of a page. */
export interface CoreSegment {
  /** Virtual, unless there is a separate `virtual`. */
  readonly address: number
  readonly virtual?: bigint
  /** Default: 0, as for programs. */
  readonly physical?: number
  readonly length: number
  /** PF_*. */
  readonly flags: number
  /** Whether the file has its bytes: all, or none. */
  readonly isDumped: boolean
  /** Set for a part of another segment, from `offset` on: that segment has its bytes in the file. */
  readonly partOf?: {readonly segment: CoreSegment; readonly offset: number}
}

export interface CoreSink {
  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): void
  /** Sets the file's length: whatever was not written reads as zeros. */
  setLength(bytes: number): void
}

export interface CoreParts {
  readonly notes: readonly CoreNote[]
  /** By address, MAX_SEGMENTS - 1 at most. */
  readonly segments: readonly CoreSegment[]
  /** p_align. Default: a page. */
  readonly alignment?: number
  /** Gives a segment's bytes, in pieces, each with its offset from the segment's start. Zeros may be left out. */
  readonly contents: (segment: CoreSegment, give: (bytes: Uint8Array, offset: number) => void) => void
}

export function writeCore(sink: CoreSink, parts: CoreParts): void {
  const {notes, segments, contents, alignment: align = PAGE_BYTES} = parts
  if (segments.length >= MAX_SEGMENTS) throw new RangeError('too many segments')
  const noteBytes = encodeNotes(notes)
  const headers = new Uint8Array(EHDR_SIZE + PHDR_SIZE * (segments.length + 1))
  const view = new DataView(headers.buffer)
  setElfHeader(view, {type: ET_CORE, machine: MACHINES[arch.name], segments: segments.length + 1})
  setSegmentHeader(view, 0, {type: PT_NOTE, flags: 0, offset: headers.length, bytes: noteBytes.length})
  const {places, end} = placesOf(segments, toPage(headers.length + noteBytes.length))
  segments.forEach((segment, i) => {
    const {physical, length, flags, isDumped, partOf} = segment
    const address = segment.virtual ?? segment.address
    const offset = partOf === undefined ? places.get(segment)! : places.get(partOf.segment)! + partOf.offset
    const [bytes, memory] = [isDumped ? length : 0, length]
    setSegmentHeader(view, i + 1, {type: PT_LOAD, flags, offset, bytes, address, physical, memory, align})
  })
  sink.setLength(end)
  sink.write(headers, 0)
  sink.write(noteBytes, headers.length)
  for (const [segment, place] of places)
    if (segment.isDumped) contents(segment, (bytes, at) => sink.write(bytes, place + at))
}

/** The file offsets of the segments that are not parts of others. */
function placesOf(segments: readonly CoreSegment[], begin: number) {
  const places = new Map<CoreSegment, number>()
  let end = begin
  for (const segment of segments) {
    if (segment.partOf !== undefined) continue
    places.set(segment, end)
    if (segment.isDumped) end += segment.length
  }
  return {places, end}
}

function encodeNotes(notes: readonly CoreNote[]): Uint8Array {
  return Buffer.concat(
    notes.flatMap(({owner, type, bytes}) => {
      const name = Buffer.from(`${owner}\0`, 'latin1')
      const head = new Uint32Array([name.length, bytes.length, type])
      return [new Uint8Array(head.buffer), aligned(name), aligned(bytes)]
    }),
  )
}

function aligned(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / NOTE_ALIGNMENT) * NOTE_ALIGNMENT)
  padded.set(bytes)
  return padded
}

function toPage(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
}
