// An ELF file as a linker of kernels makes it: sound, unless a test asks for something else.

import {
  E_ENTRY,
  E_MACHINE,
  E_PHENTSIZE,
  E_PHNUM,
  E_PHOFF,
  E_TYPE,
  EHDR_SIZE,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_X86_64,
  ET_EXEC,
  P_FILESZ,
  P_FLAGS,
  P_MEMSZ,
  P_OFFSET,
  P_PADDR,
  P_TYPE,
  P_VADDR,
  PHDR_SIZE,
  PT_LOAD,
} from '../../src/abi/elf.ts'

/** Where Linux maps its code. */
const KERNEL_MAP = 0xffffffff80000000n

export interface TestSegment {
  address: number | bigint
  virtual?: bigint
  bytes?: Uint8Array
  memoryBytes?: number | bigint
  type?: number
}

export interface TestVmlinux {
  segments: TestSegment[]
  entry: number | bigint
  machine?: number
}

export function makeVmlinux({segments, entry, machine = EM_X86_64}: TestVmlinux): Buffer {
  const headers = Buffer.alloc(EHDR_SIZE + PHDR_SIZE * segments.length)
  headers.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, 1])
  headers.writeUInt16LE(ET_EXEC, E_TYPE)
  headers.writeUInt16LE(machine, E_MACHINE)
  headers.writeBigUInt64LE(BigInt(entry), E_ENTRY)
  headers.writeBigUInt64LE(BigInt(EHDR_SIZE), E_PHOFF)
  headers.writeUInt16LE(PHDR_SIZE, E_PHENTSIZE)
  headers.writeUInt16LE(segments.length, E_PHNUM)
  let offset = headers.length
  for (const [index, segment] of segments.entries()) {
    const {bytes = new Uint8Array(), type = PT_LOAD, address, memoryBytes = bytes.length} = segment
    const {virtual = BigInt.asUintN(64, KERNEL_MAP + BigInt(address))} = segment
    const at = EHDR_SIZE + PHDR_SIZE * index
    headers.writeUInt32LE(type, at + P_TYPE)
    headers.writeUInt32LE(7, at + P_FLAGS)
    const fields: [number, number | bigint][] = [
      [P_OFFSET, offset],
      [P_VADDR, virtual],
      [P_PADDR, address],
      [P_FILESZ, bytes.length],
      [P_MEMSZ, memoryBytes],
    ]
    for (const [field, value] of fields) headers.writeBigUInt64LE(BigInt(value), at + field)
    offset += bytes.length
  }
  return Buffer.concat([headers, ...segments.map(({bytes}) => bytes ?? new Uint8Array())])
}

const SETUP_BYTES = 0x400
const PREFERRED = 0x1000000
const ENTRY = 0x200

/** hv's own small kernel, a bzImage of x86_64, as an ELF file. */
export function vmlinuxOf(bzImage: Uint8Array): Buffer {
  const segment = {address: PREFERRED, bytes: bzImage.subarray(SETUP_BYTES), memoryBytes: 0x100000}
  return makeVmlinux({segments: [segment], entry: PREFERRED + ENTRY})
}
