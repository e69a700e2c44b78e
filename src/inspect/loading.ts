// What is loaded of a file, and what its notes say, in words.

import * as elf from '../abi/elf.ts'
import type {ElfImage, ElfReader} from '../elf/image.ts'
import {type Note, readNotes} from '../elf/notes.ts'
import type {Program} from './inspection.ts'

/** By number: `LOAD`, `GNU_STACK`. */
const TYPES = new Map(
  Object.entries(elf)
    .filter(([name]) => name.startsWith('PT_'))
    .map(([name, type]) => [type, name.slice('PT_'.length)]),
)
const MAX_NOTES = 64
const MAX_SHOWN_BYTES = 32
const SYSTEMS = ['Linux', 'Hurd', 'Solaris', 'kFreeBSD']

export function segmentsOf({segments}: ElfImage): Program['segments'] {
  return segments.map(({type, flags, vaddr, offset, fileSize, memSize}) => ({
    type: TYPES.get(type) ?? `0x${type.toString(16)}`,
    flags: `${flags & elf.PF_R ? 'r' : '-'}${flags & elf.PF_W ? 'w' : '-'}${flags & elf.PF_X ? 'x' : '-'}`,
    address: vaddr,
    offset,
    fileBytes: fileSize,
    memoryBytes: memSize,
  }))
}

export function loadedBytes({segments}: ElfImage): number {
  return segments.filter(({type}) => type === elf.PT_LOAD).reduce((sum, {memSize}) => sum + memSize, 0)
}

export function notesOf(reader: ElfReader, {segments}: ElfImage): Program['notes'] {
  const notes: Program['notes'] = []
  for (const note of readNotes(reader, segments)) {
    const {name, type} = note
    notes.push({name: name.replace(/\0+$/, ''), type, text: textOf(note)})
    if (notes.length === MAX_NOTES) break
  }
  // PT_GNU_PROPERTY and PT_NOTE often cover the same bytes; each is listed once.
  return notes.filter((note, index) => notes.findIndex((other) => isSame(note, other)) === index)
}

const isSame = (a: Program['notes'][number], b: Program['notes'][number]): boolean =>
  a.name === b.name && a.type === b.type && a.text === b.text

/** The GNU notes of the System V ABI's Linux extensions; anything else as its bytes. */
function textOf({name, type, descriptor}: Note): string {
  const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength)
  const word = (index: number): number => view.getUint32(4 * index, true)
  if (name === 'GNU\0' && type === 1 && descriptor.length >= 16) {
    return `needs ${SYSTEMS[word(0)] ?? `system ${word(0)}`} ${word(1)}.${word(2)}.${word(3)}`
  }
  const bytes = Buffer.from(descriptor.subarray(0, MAX_SHOWN_BYTES)).toString('hex')
  const shown = descriptor.length > MAX_SHOWN_BYTES ? `${bytes}…` : bytes
  if (name === 'GNU\0' && type === 3) return `build ID ${shown}`
  if (name === 'hv\0' && type === 1) return `a bare-metal guest of hv: ${shown}`
  return shown
}
