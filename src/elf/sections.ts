// readSections: an ELF file's sections, read by elfy once the bytes that it would trust have been checked. Any class and byte order.

import {createRequire} from 'node:module'
import {E_MACHINE, EI_CLASS, EI_DATA, ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB} from '../abi/elf.ts'
import type {ElfReader} from './image.ts'
import {machineName} from './machine-name.ts'

/** An address above 53 bits is rounded, and of no use. */
export interface Section {
  readonly name: string
  /** elfy's word (`progbits`, `symtab`), or a number that elfy does not know. */
  readonly type: string
  readonly address: number
  readonly offset: number
  readonly size: number
  /** Any of `write`, `alloc`, `execinstr` and so on. */
  readonly flags: readonly string[]
}

/** The header fields that elfy reads, for files that hv does not run. */
export interface ForeignHeader {
  readonly class: '32' | '64'
  readonly endian: 'lsb' | 'msb'
  /** `exec`, `dyn`, `rel`, `core`; undefined: a number that elfy does not know. */
  readonly type: string | undefined
  readonly machine: string
  readonly shoff: number
  readonly shentsize: number
  readonly shnum: number
  readonly shstrndx: number
}

interface ElfySection {
  name: number
  type: string | number
  flags: Record<string, true>
  addr: number
  off: number
  size: number
}

interface ElfyParser {
  parseHeader(bytes: Buffer): ForeignHeader
  parseSections(bytes: Buffer, header: ForeignHeader): ElfySection[]
  resolveStr(table: Buffer, offset: number): string
}

/** Sizes of Ehdr and Shdr, by class. */
const SIZES = {'32': {header: 52, section: 40}, '64': {header: 64, section: 64}}
const SHT_STRTAB = 'strtab'
const SHT_NOBITS = 'nobits'
/** A string table may be as large as the file; the table of section names is not. */
const MAX_NAMES_BYTES = 1 << 20
const MAX_NAME_LENGTH = 256

/** @returns undefined when there is no whole ELF header */
export function readForeignHeader(reader: ElfReader): ForeignHeader | undefined {
  const ident = reader.read(0, 16)
  if (Buffer.from(ident.subarray(0, 4)).toString('latin1') !== '\x7fELF') return undefined
  const isKnown =
    (ident[EI_CLASS] === ELFCLASS32 || ident[EI_CLASS] === ELFCLASS64) &&
    (ident[EI_DATA] === ELFDATA2LSB || ident[EI_DATA] === ELFDATA2MSB)
  if (!isKnown) return undefined
  const {header} = SIZES[ident[EI_CLASS] === ELFCLASS32 ? '32' : '64']
  const bytes = reader.read(0, header)
  if (bytes.length < header) return undefined
  const parsed = elfyParser().parseHeader(Buffer.from(bytes))
  const isLittle = parsed.endian === 'lsb'
  const machine = new DataView(bytes.buffer, bytes.byteOffset).getUint16(E_MACHINE, isLittle)
  // elfy has no name for machines that are younger than elfy.
  return {...parsed, machine: machineName(machine)}
}

/** @returns the sections, or a few words on why they cannot be read; empty when the file has none */
export function readSections(reader: ElfReader): readonly Section[] | string {
  const header = readForeignHeader(reader)
  if (header === undefined) return 'the file has no whole ELF header'
  const {shoff, shnum, shentsize, shstrndx} = header
  if (shoff === 0 && shnum === 0) return []

  const {section} = SIZES[header.class]
  if (shentsize !== section) return `its section headers are ${shentsize} bytes each, not ${section}`
  if (shnum === 0) return 'it has more than 65,279 sections'
  const tableBytes = shnum * shentsize
  // elfy gets no number from the file that would make it read beyond the bytes.
  if (shoff > reader.size - tableBytes) return 'its section headers are past the end of the file'
  const table = reader.read(shoff, tableBytes)
  if (table.length < tableBytes) return 'its section headers are past the end of the file'
  // elfy takes a table at 0 for no table.
  const padded = Buffer.concat([Buffer.alloc(section), table])
  const parser = elfyParser()
  const fileHeader = parser.parseHeader(Buffer.from(reader.read(0, SIZES['64'].header)))
  const sections = parser.parseSections(padded, {...fileHeader, shoff: section})

  const names = sections[shstrndx]
  if (names === undefined || names.type !== SHT_STRTAB) return 'the names of its sections are missing'
  const outside = sections.find(({type, off, size}) => type !== SHT_NOBITS && off + size > reader.size)
  if (outside !== undefined) return 'a section ends past the end of the file'
  const text = Buffer.from(reader.read(names.off, Math.min(names.size, MAX_NAMES_BYTES)))
  return sections.map(({name, type, flags, addr, off, size}) => ({
    name: parser.resolveStr(text.subarray(0, name + MAX_NAME_LENGTH), name),
    type: String(type),
    address: addr,
    offset: off,
    size,
    flags: Object.keys(flags),
  }))
}

function elfyParser(): ElfyParser {
  const {Parser} = createRequire(import.meta.url)('elfy') as {Parser: new () => ElfyParser}
  return new Parser()
}
