// vmlinux: a kernel that is unpacked already: an ELF file whose segments have physical addresses (man 5 elf). All in it is untrusted.

import * as elf from '../../abi/elf.ts'
import {hex} from '../../elf/elf-error.ts'
import {machineName} from '../../elf/machine-name.ts'
import {failedKernel} from '../boot/kernel-start.ts'
import {bytesOf, type Source} from '../boot/source.ts'
import {HIGH_BEGIN, IS_WHOLE, type KernelImage} from './kernel-image.ts'
import {BOOT_FLAG_AT, HEADER_AT, LOAD_FLAGS_AT, MAGIC, MAGIC_AT, VERSION_AT} from './zero-page.ts'

const ELF = 0x464c457f
/** The lower half of the virtual addresses is for programs. */
const UPPER_HALF = 2 ** 63
/** Linux's COMMAND_LINE_SIZE less the NUL: the file does not say it, and Linux reads no further. */
const COMMAND_LINE_MAX = 2047
/** The same as in bzImages. */
const INITRD_MAX = 0x7fffffff
const BOOT_FLAG = 0xaa55
/** 2.15. */
const VERSION = 0x20f
const LOADED_HIGH = 1
const HEADER_BYTES = LOAD_FLAGS_AT + 1 - HEADER_AT

/** Numbers from 2^53 on are not exact, and exceed any file and all memory. */
interface Segment {
  readonly offset: number
  readonly fileBytes: number
  readonly virtual: number
  /** Guest physical, as `end` is. */
  readonly address: number
  readonly end: number
}

export const isElf = (kernel: Source): boolean =>
  kernel.length >= 4 && bytesOf(kernel, 0, 4).readUInt32LE(0) === ELF

/** @param kernel an ELF file @throws HvError BAD_KERNEL */
export function readVmlinux(kernel: Source): KernelImage {
  const header = bytesOf(kernel, 0, elf.EHDR_SIZE)
  checkKind(header)
  const segments = readSegments(header, kernel)
  checkPlaces(segments)
  const entry = Number(header.readBigUInt64LE(elf.E_ENTRY))
  const first = segments.find(({address, fileBytes}) => entry >= address && entry < address + fileBytes)
  if (first === undefined || first.virtual < UPPER_HALF)
    throw failedKernel('is an ELF file, and no Linux kernel', 'give vmlinux, bzImage, or a vmlinuz')
  return {
    entry,
    pieces: segments.map(({address, offset, fileBytes}) => ({address, offset, bytes: fileBytes})),
    end: Math.max(...segments.map(({end}) => end)),
    initrdMax: INITRD_MAX,
    commandLineMax: COMMAND_LINE_MAX,
    header: setupHeader(),
  }
}

function checkKind(header: Buffer): void {
  if (header.length < elf.EHDR_SIZE) throw failedKernel(`is an ELF file of ${header.length} bytes`, IS_WHOLE)
  if (header[elf.EI_CLASS] !== elf.ELFCLASS64 || header[elf.EI_DATA] !== elf.ELFDATA2LSB)
    throw failedKernel('is an ELF file of no 64-bit little-endian machine', 'give one for x86_64')
  const machine = header.readUInt16LE(elf.E_MACHINE)
  if (machine !== elf.EM_X86_64)
    throw failedKernel(`is for ${machineName(machine)}, and this host is x86_64`, 'give one for x86_64')
}

/** The segments that are loaded, by address. */
function readSegments(header: Buffer, kernel: Source): readonly Segment[] {
  const count = header.readUInt16LE(elf.E_PHNUM)
  const tableAt = Number(header.readBigUInt64LE(elf.E_PHOFF))
  const tableBytes = count * elf.PHDR_SIZE
  const isTable = header.readUInt16LE(elf.E_PHENTSIZE) === elf.PHDR_SIZE && tableBytes <= elf.PHDR_TABLE_LIMIT
  if (!isTable || tableAt + tableBytes > kernel.length)
    throw failedKernel(`has ${count} program headers that cannot be right`, IS_WHOLE)
  const table = bytesOf(kernel, tableAt, tableBytes)
  const segments: Segment[] = []
  for (let at = 0; at < tableBytes; at += elf.PHDR_SIZE) {
    const field = (offset: number): number => Number(table.readBigUInt64LE(at + offset))
    const [memoryBytes, address] = [field(elf.P_MEMSZ), field(elf.P_PADDR)]
    if (table.readUInt32LE(at + elf.P_TYPE) !== elf.PT_LOAD || memoryBytes === 0) continue
    const fileBytes = field(elf.P_FILESZ)
    if (fileBytes > memoryBytes || field(elf.P_OFFSET) + fileBytes > kernel.length)
      throw failedKernel(`has a segment of ${fileBytes} bytes that it does not have`, IS_WHOLE)
    const [offset, virtual, end] = [field(elf.P_OFFSET), field(elf.P_VADDR), address + memoryBytes]
    segments.push({offset, fileBytes, virtual, address, end})
  }
  return segments.sort((a, b) => a.address - b.address)
}

/** Segments must not lie where the machine has something else, nor overlap. */
function checkPlaces(segments: readonly Segment[]): void {
  let free = HIGH_BEGIN
  for (const {address, end} of segments) {
    if (address < free) {
      const place = free === HIGH_BEGIN ? `below ${hex(HIGH_BEGIN)}` : 'on another'
      throw failedKernel(`has a segment at ${hex(address)}, ${place}`, IS_WHOLE)
    }
    free = end
  }
}

/** The header that a bzImage would have: for a loader that uses the 64-bit entry, from HEADER_AT on. */
function setupHeader(): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16LE(BOOT_FLAG, BOOT_FLAG_AT - HEADER_AT)
  header.writeUInt32LE(MAGIC, MAGIC_AT - HEADER_AT)
  header.writeUInt16LE(VERSION, VERSION_AT - HEADER_AT)
  header[LOAD_FLAGS_AT - HEADER_AT] = LOADED_HIGH
  return header
}
