// The dynamic section: which libraries an ELF image needs, and where it says that they are; a symbol of a vDSO.

import {PT_DYNAMIC, PT_LOAD} from '../abi/elf.ts'
import type {ElfImage, ElfReader} from './image.ts'
import {parseElf} from './parse.ts'

export interface Dynamic {
  /** DT_NEEDED: file names, or paths with a slash. Byte strings. */
  readonly needed: readonly string[]
  readonly soname: string | undefined
  /** DT_RPATH and DT_RUNPATH, folders in order; `$ORIGIN` is kept as it is. */
  readonly rpath: readonly string[]
  readonly runpath: readonly string[]
  /** DF_1_PIE: a program, not a library. */
  readonly isPie: boolean
}

// man 5 elf; glibc's elf.h.
const DT_NULL = 0
const DT_NEEDED = 1
const DT_HASH = 4
const DT_STRTAB = 5
const DT_SYMTAB = 6
const DT_STRSZ = 10
const DT_SONAME = 14
const DT_RPATH = 15
const DT_RUNPATH = 29
const DT_FLAGS_1 = 0x6ffffffb
const DF_1_PIE = 0x08000000
const ENTRY_BYTES = 16
const SYMBOL_BYTES = 24
const SYMBOL_VALUE = 8
const MAX_ENTRIES = 4096
const MAX_STRING_BYTES = 4096

/** A damaged section counts as empty. @returns undefined when the image has no dynamic section */
export function readDynamic(reader: ElfReader, image: ElfImage): Dynamic | undefined {
  const entries = readEntries(reader, image)
  if (entries === undefined) return undefined
  const values = (tag: number): number[] =>
    entries.filter((entry) => entry.tag === tag).map(({value}) => value)

  const [table] = values(DT_STRTAB)
  const [tableBytes = 0] = values(DT_STRSZ)
  const tableOffset = table === undefined ? undefined : offsetOf(image, table)
  const string = (at: number): string => {
    if (tableOffset === undefined || at >= tableBytes) return ''
    const bytes = Buffer.from(reader.read(tableOffset + at, Math.min(tableBytes - at, MAX_STRING_BYTES)))
    const end = bytes.indexOf(0)
    return end < 0 ? '' : bytes.toString('latin1', 0, end)
  }
  const strings = (tag: number): string[] => values(tag).map(string).filter(Boolean)
  const folders = (tag: number): string[] =>
    strings(tag)
      .flatMap((list) => list.split(':'))
      .filter(Boolean)
  return {
    needed: strings(DT_NEEDED),
    soname: strings(DT_SONAME)[0],
    rpath: folders(DT_RPATH),
    runpath: folders(DT_RUNPATH),
    isPie: values(DT_FLAGS_1).some((flags) => (flags & DF_1_PIE) !== 0),
  }
}

/**
 * Finds a symbol of a sound shared object whose addresses are its file offsets, as a vDSO's are.
 * @returns its offset; undefined when the object does not define it
 */
export function dynamicSymbol(image: Uint8Array, name: string): number | undefined {
  const read = (offset: number, length: number): Uint8Array => image.subarray(offset, offset + length)
  const reader = {size: image.length, read}
  const values = new Map(readEntries(reader, parseElf(reader, 'vDSO'))!.map(({tag, value}) => [tag, value]))
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  // The hash table counts the symbols: nbucket, nchain.
  const count = view.getUint32(values.get(DT_HASH)! + 4, true)
  const wanted = Buffer.from(`${name}\0`, 'latin1')
  for (let index = 1; index < count; index++) {
    const symbol = values.get(DT_SYMTAB)! + index * SYMBOL_BYTES
    const nameAt = values.get(DT_STRTAB)! + view.getUint32(symbol, true)
    if (wanted.equals(read(nameAt, wanted.length)))
      return Number(view.getBigUint64(symbol + SYMBOL_VALUE, true))
  }
  return undefined
}

function readEntries(reader: ElfReader, image: ElfImage): {tag: number; value: number}[] | undefined {
  const segment = image.segments.find(({type}) => type === PT_DYNAMIC)
  if (segment === undefined) return undefined
  const bytes = reader.read(segment.offset, Math.min(segment.fileSize, MAX_ENTRIES * ENTRY_BYTES))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: {tag: number; value: number}[] = []
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const tag = Number(view.getBigUint64(at, true))
    if (tag === DT_NULL) break
    entries.push({tag, value: Number(view.getBigUint64(at + 8, true))})
  }
  return entries
}

/** The file offset from which an address is loaded. */
function offsetOf({segments}: ElfImage, address: number): number | undefined {
  const holder = segments.find(
    ({type, vaddr, fileSize}) => type === PT_LOAD && address >= vaddr && address < vaddr + fileSize,
  )
  return holder && address - holder.vaddr + holder.offset
}
