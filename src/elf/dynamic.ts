// readDynamic: which libraries an ELF image needs, and where it says that they are. A damaged section counts as empty.

import {PT_DYNAMIC, PT_LOAD} from '../abi/elf.ts'
import type {ElfImage, ElfReader} from './image.ts'

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
const DT_STRTAB = 5
const DT_STRSZ = 10
const DT_SONAME = 14
const DT_RPATH = 15
const DT_RUNPATH = 29
const DT_FLAGS_1 = 0x6ffffffb
const DF_1_PIE = 0x08000000
const ENTRY_BYTES = 16
const MAX_ENTRIES = 4096
const MAX_STRING_BYTES = 4096

/** @returns undefined when the image has no dynamic section */
export function readDynamic(reader: ElfReader, image: ElfImage): Dynamic | undefined {
  const segment = image.segments.find(({type}) => type === PT_DYNAMIC)
  if (segment === undefined) return undefined
  const entries = readEntries(
    reader.read(segment.offset, Math.min(segment.fileSize, MAX_ENTRIES * ENTRY_BYTES)),
  )
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

function readEntries(bytes: Uint8Array): {tag: number; value: number}[] {
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
