// The segments of a kernel's ELF file, of 32 or 64 bits, by their physical addresses (man 5 elf). All in it is untrusted.

import * as elf from '../../abi/elf.ts'
import {hex} from '../../elf/elf-error.ts'
import {failedKernel} from '../boot/kernel-start.ts'
import {bytesOf, type Source} from '../boot/source.ts'
import {HIGH_BEGIN, IS_WHOLE} from './kernel-image.ts'

const ELF = 0x464c457f

/** Offsets of fields, in a file whose addresses have `wordBytes`. */
interface Layout {
  readonly wordBytes: 4 | 8
  readonly headerBytes: number
  readonly entry: number
  readonly tableAt: number
  readonly rowBytes: number
  readonly rowSizeAt: number
  readonly rowCountAt: number
  readonly row: Readonly<Record<'offset' | 'virtual' | 'address' | 'fileBytes' | 'memoryBytes', number>>
}

const ELF64: Layout = {
  wordBytes: 8,
  headerBytes: elf.EHDR_SIZE,
  entry: elf.E_ENTRY,
  tableAt: elf.E_PHOFF,
  rowBytes: elf.PHDR_SIZE,
  rowSizeAt: elf.E_PHENTSIZE,
  rowCountAt: elf.E_PHNUM,
  row: {
    offset: elf.P_OFFSET,
    virtual: elf.P_VADDR,
    address: elf.P_PADDR,
    fileBytes: elf.P_FILESZ,
    memoryBytes: elf.P_MEMSZ,
  },
}

const ELF32: Layout = {
  wordBytes: 4,
  headerBytes: 52,
  entry: 24,
  tableAt: 28,
  rowBytes: 32,
  rowSizeAt: 42,
  rowCountAt: 44,
  row: {offset: 4, virtual: 8, address: 12, fileBytes: 16, memoryBytes: 20},
}

/** Numbers from 2^53 on are not exact, and exceed any file and all memory. */
export interface Segment {
  readonly offset: number
  readonly fileBytes: number
  readonly virtual: number
  /** Guest physical, as `end` is. */
  readonly address: number
  readonly end: number
}

export interface ElfFile {
  readonly bits: 32 | 64
  /** e_machine */
  readonly machine: number
  /** e_entry */
  readonly entry: number
  /** Those that are loaded, by address. They lie from HIGH_BEGIN on, and do not overlap. @throws HvError BAD_KERNEL */
  segments(): readonly Segment[]
}

export const isElf = (kernel: Source): boolean =>
  kernel.length >= 4 && bytesOf(kernel, 0, 4).readUInt32LE(0) === ELF

/** @param kernel an ELF file @throws HvError BAD_KERNEL when it has no header of a little-endian machine */
export function readElf(kernel: Source): ElfFile {
  const header = bytesOf(kernel, 0, elf.EHDR_SIZE)
  const layout = header[elf.EI_CLASS] === elf.ELFCLASS32 ? ELF32 : ELF64
  if (header.length < layout.headerBytes)
    throw failedKernel(`is an ELF file of ${header.length} bytes`, IS_WHOLE)
  const isKnown = layout === ELF32 || header[elf.EI_CLASS] === elf.ELFCLASS64
  if (!isKnown || header[elf.EI_DATA] !== elf.ELFDATA2LSB)
    throw failedKernel('is an ELF file of no little-endian machine', 'give one for x86_64')
  return {
    bits: layout === ELF32 ? 32 : 64,
    machine: header.readUInt16LE(elf.E_MACHINE),
    entry: wordAt(header, layout.entry, layout),
    segments: () => checkPlaces(readSegments(header, layout, kernel)),
  }
}

const wordAt = (bytes: Buffer, at: number, {wordBytes}: Layout): number =>
  wordBytes === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at))

/** By address. */
function readSegments(header: Buffer, layout: Layout, kernel: Source): readonly Segment[] {
  const {rowBytes, row} = layout
  const count = header.readUInt16LE(layout.rowCountAt)
  const tableAt = wordAt(header, layout.tableAt, layout)
  const tableBytes = count * rowBytes
  const isTable = header.readUInt16LE(layout.rowSizeAt) === rowBytes && tableBytes <= elf.PHDR_TABLE_LIMIT
  if (!isTable || tableAt + tableBytes > kernel.length)
    throw failedKernel(`has ${count} program headers that cannot be right`, IS_WHOLE)
  const table = bytesOf(kernel, tableAt, tableBytes)
  const segments: Segment[] = []
  for (let at = 0; at < tableBytes; at += rowBytes) {
    const field = (name: keyof Layout['row']): number => wordAt(table, at + row[name], layout)
    const [memoryBytes, address] = [field('memoryBytes'), field('address')]
    if (table.readUInt32LE(at + elf.P_TYPE) !== elf.PT_LOAD || memoryBytes === 0) continue
    const [fileBytes, offset, virtual] = [field('fileBytes'), field('offset'), field('virtual')]
    if (fileBytes > memoryBytes || offset + fileBytes > kernel.length)
      throw failedKernel(`has a segment of ${fileBytes} bytes that it does not have`, IS_WHOLE)
    segments.push({offset, fileBytes, virtual, address, end: address + memoryBytes})
  }
  return segments.sort((a, b) => a.address - b.address)
}

/** Segments must not lie where the machine has something else, nor overlap. */
function checkPlaces(segments: readonly Segment[]): readonly Segment[] {
  let free = HIGH_BEGIN
  for (const {address, end} of segments) {
    if (address < free) {
      const place = free === HIGH_BEGIN ? `below ${hex(HIGH_BEGIN)}` : 'on another'
      throw failedKernel(`has a segment at ${hex(address)}, ${place}`, IS_WHOLE)
    }
    free = end
  }
  return segments
}
