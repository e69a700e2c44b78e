// Builds small ELF64 files for tests: a sound one by default, with any field replaced.

import {
  E_ENTRY,
  E_MACHINE,
  E_PHENTSIZE,
  E_PHNUM,
  E_PHOFF,
  E_TYPE,
  EHDR_SIZE,
  EI_OSABI,
  EM_X86_64,
  ET_EXEC,
  P_ALIGN,
  P_FILESZ,
  P_FLAGS,
  P_MEMSZ,
  P_OFFSET,
  P_TYPE,
  P_VADDR,
  PF_R,
  PF_X,
  PHDR_SIZE,
  PT_LOAD,
} from '../../../src/abi/elf.ts'

export interface ProgramHeader {
  type?: number
  flags?: number
  offset?: number
  vaddr?: number | bigint
  fileSize?: number
  memSize?: number | bigint
  align?: number | bigint
}

export interface ElfFile {
  type?: number
  machine?: number
  osabi?: number
  entry?: number
  phentsize?: number
  phnum?: number
  phoff?: number | bigint
  headers?: ProgramHeader[]
  /** Bytes to put at their offsets. */
  data?: [offset: number, bytes: Uint8Array][]
  size?: number
}

export const TEXT: ProgramHeader = {fileSize: 0x1000, memSize: 0x1000, vaddr: 0x400000}

export function elfFile(file: ElfFile = {}): Uint8Array {
  const headers = file.headers ?? [TEXT]
  const bytes = new Uint8Array(file.size ?? 0x4000)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  bytes[EI_OSABI] = file.osabi ?? 0
  view.setUint16(E_TYPE, file.type ?? ET_EXEC, true)
  view.setUint16(E_MACHINE, file.machine ?? EM_X86_64, true)
  view.setBigUint64(E_ENTRY, BigInt(file.entry ?? 0x400100), true)
  view.setBigUint64(E_PHOFF, BigInt(file.phoff ?? EHDR_SIZE), true)
  view.setUint16(E_PHENTSIZE, file.phentsize ?? PHDR_SIZE, true)
  view.setUint16(E_PHNUM, file.phnum ?? headers.length, true)
  headers.forEach((header, index) => {
    const at = EHDR_SIZE + index * PHDR_SIZE
    view.setUint32(at + P_TYPE, header.type ?? PT_LOAD, true)
    view.setUint32(at + P_FLAGS, header.flags ?? PF_R | PF_X, true)
    view.setBigUint64(at + P_OFFSET, BigInt(header.offset ?? 0), true)
    view.setBigUint64(at + P_VADDR, BigInt(header.vaddr ?? 0), true)
    view.setBigUint64(at + P_FILESZ, BigInt(header.fileSize ?? 0), true)
    view.setBigUint64(at + P_MEMSZ, BigInt(header.memSize ?? header.fileSize ?? 0), true)
    view.setBigUint64(at + P_ALIGN, BigInt(header.align ?? 0x1000), true)
  })
  for (const [offset, data] of file.data ?? []) bytes.set(data, offset)
  return bytes
}
