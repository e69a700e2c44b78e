// parseElf: bytes → a validated ElfImage, with fs/binfmt_elf.c as the guide and hostile files in mind.

import {
  E_ENTRY,
  E_PHENTSIZE,
  E_PHNUM,
  E_PHOFF,
  EHDR_SIZE,
  EI_OSABI,
  INTERP_LIMIT,
  P_ALIGN,
  P_FILESZ,
  P_FLAGS,
  P_MEMSZ,
  P_OFFSET,
  P_TYPE,
  P_VADDR,
  PHDR_SIZE,
  PHDR_TABLE_LIMIT,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
  PT_TLS,
} from '../abi/elf.ts'
import {EINVAL, ENOEXEC} from '../abi/errno.ts'
import {ElfError, hex} from './elf-error.ts'
import {identify} from './identify.ts'
import type {ElfImage, ElfReader, Segment} from './image.ts'
import type {Machine} from './machine-name.ts'
import {findMachineNote} from './notes.ts'

const TWO_32 = 2 ** 32

/**
 * Reads and validates the headers of an ELF program.
 * @param path the file's name, for messages only
 * @param machine the architecture that can run here; absent: any that hv knows
 * @throws ElfError NOT_EXECUTABLE for a sound file of the wrong kind, BAD_ELF for a defective one
 */
export function parseElf(reader: ElfReader, path: string, machine?: Machine): ElfImage {
  const header = readExactly(reader, 0, Math.min(EHDR_SIZE, reader.size), path, 'the ELF header')
  const identity = identify(header, path, machine)
  const view = viewOf(header)
  const segments = readSegments(reader, view, path)
  const loads = segments.filter((segment) => segment.type === PT_LOAD && segment.memSize > 0)
  const interp = readInterp(reader, segments, path)
  checkLoads(loads, reader.size, path, interp)

  const entry = readEntry(view, loads, path)
  return {
    path,
    type: identity.type,
    machine: identity.machine,
    osabi: header[EI_OSABI],
    entry,
    phdrAddress: findPhdrAddress(Number(view.getBigUint64(E_PHOFF, true)), loads),
    phnum: segments.length,
    phentsize: PHDR_SIZE,
    segments,
    interp,
    stackFlags: segments.findLast((segment) => segment.type === PT_GNU_STACK)?.flags,
    tls: segments.find((segment) => segment.type === PT_TLS),
    machineNote: findMachineNote(reader, segments),
  }
}

function readSegments(reader: ElfReader, header: DataView, path: string): Segment[] {
  const phentsize = header.getUint16(E_PHENTSIZE, true)
  const phnum = header.getUint16(E_PHNUM, true)
  const tableSize = phnum * PHDR_SIZE
  if (phnum === 0) throw broken(path, 'has no program headers')
  if (phentsize !== PHDR_SIZE) {
    throw broken(path, `its program headers are ${phentsize} bytes each, not ${PHDR_SIZE}`)
  }
  if (tableSize > PHDR_TABLE_LIMIT) throw broken(path, `has ${phnum} program headers; Linux takes 1170`)

  const phoff = header.getBigUint64(E_PHOFF, true)
  if (phoff + BigInt(tableSize) > BigInt(reader.size)) {
    throw broken(path, `is truncated: its program headers at 0x${phoff.toString(16)} are past the end`)
  }
  const table = viewOf(readExactly(reader, Number(phoff), tableSize, path, 'the program headers'))
  return Array.from({length: phnum}, (_, index) => readSegment(table, index, path))
}

/** Converts the fields to numbers, and refuses those that do not fit or wrap. @param table the program headers */
function readSegment(table: DataView, index: number, path: string): Segment {
  const at = index * PHDR_SIZE
  const field = (offset: number): number => {
    const value = table.getUint32(at + offset, true) + TWO_32 * table.getUint32(at + offset + 4, true)
    if (value <= Number.MAX_SAFE_INTEGER) return value
    throw tooLarge(path, index)
  }
  const segment = {
    type: table.getUint32(at + P_TYPE, true),
    flags: table.getUint32(at + P_FLAGS, true),
    offset: field(P_OFFSET),
    vaddr: field(P_VADDR),
    fileSize: field(P_FILESZ),
    memSize: field(P_MEMSZ),
    align: field(P_ALIGN),
  }
  if (!Number.isSafeInteger(segment.offset + segment.fileSize)) throw tooLarge(path, index)
  if (!Number.isSafeInteger(segment.vaddr + segment.memSize)) throw tooLarge(path, index)
  return segment
}

const tooLarge = (path: string, index: number): ElfError =>
  broken(path, `program header ${index} has an address or a size of more than 53 bits`, EINVAL)

function checkLoads(loads: readonly Segment[], fileSize: number, path: string, interp?: string): void {
  if (loads.length === 0) throw broken(path, 'has nothing to load (no PT_LOAD segment)', ENOEXEC, interp)

  for (const {vaddr, offset, fileSize: length, memSize} of loads) {
    if (length > memSize) {
      throw broken(path, `the segment at ${hex(vaddr)} is larger in the file than in memory`, EINVAL)
    }
    if (offset + length > fileSize) {
      throw broken(path, `is truncated: the segment at ${hex(vaddr)} ends past the end of the file`)
    }
  }
  const sorted = loads.toSorted((a, b) => a.vaddr - b.vaddr)
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i - 1].vaddr + sorted[i - 1].memSize <= sorted[i].vaddr) continue
    throw broken(path, `the segments at ${hex(sorted[i - 1].vaddr)} and ${hex(sorted[i].vaddr)} overlap`)
  }
}

function readEntry(header: DataView, loads: readonly Segment[], path: string): number {
  const raw = header.getBigUint64(E_ENTRY, true)
  const entry = Number(raw)
  if (loads.some(({vaddr, memSize}) => entry >= vaddr && entry < vaddr + memSize)) return entry

  throw broken(path, `its entry point 0x${raw.toString(16)} lies outside every loaded segment`)
}

// As load_elf_binary since Linux 5.18: by the segment that holds the table, not by PT_PHDR.
function findPhdrAddress(phoff: number, loads: readonly Segment[]): number {
  const holder = loads.find(({offset, fileSize}) => offset <= phoff && phoff < offset + fileSize)
  return holder === undefined ? 0 : phoff - holder.offset + holder.vaddr
}

function readInterp(reader: ElfReader, segments: readonly Segment[], path: string): string | undefined {
  const segment = segments.find(({type}) => type === PT_INTERP)
  if (segment === undefined) return undefined

  const {offset, fileSize} = segment
  if (fileSize < 2 || fileSize > INTERP_LIMIT) {
    throw broken(path, `its interpreter's name (PT_INTERP) is ${fileSize} bytes, not 2 to ${INTERP_LIMIT}`)
  }
  if (offset + fileSize > reader.size) {
    throw broken(path, "is truncated: its interpreter's name (PT_INTERP) is past the end of the file")
  }
  const bytes = readExactly(reader, offset, fileSize, path, 'PT_INTERP')
  if (bytes[fileSize - 1] !== 0) throw broken(path, "its interpreter's name (PT_INTERP) does not end in NUL")

  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.indexOf(0)).toString('latin1')
  if (name === '') throw broken(path, "its interpreter's name (PT_INTERP) is empty")
  return name
}

// The file may shrink after its size was taken.
function readExactly(
  reader: ElfReader,
  offset: number,
  length: number,
  path: string,
  what: string,
): Uint8Array {
  const bytes = reader.read(offset, length)
  if (bytes.length < length) throw broken(path, `is truncated: it ends inside ${what}`)
  return bytes
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const broken = (path: string, defect: string, errno = ENOEXEC, interp?: string): ElfError =>
  new ElfError('BAD_ELF', errno, path, defect, 'check the file: copy or link it again', interp)
