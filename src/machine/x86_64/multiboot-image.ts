// A kernel with a Multiboot header: where its parts go, and where it is entered (Multiboot Specification 0.6.96, sections 3.1 and 3.2). All
// in it is untrusted.

import {hex} from '../../elf/elf-error.ts'
import {machineName} from '../../elf/machine-name.ts'
import {failedKernel} from '../boot/kernel-start.ts'
import {bytesOf, type Source} from '../boot/source.ts'
import {isElf, readElf, type Segment} from './elf-segments.ts'
import {HIGH_BEGIN, IS_WHOLE, type KernelImage} from './kernel-image.ts'

/** The header is somewhere in these bytes of the file. */
const SEARCHED_BYTES = 8192
const MAGIC = 0x1badb002
const MACHINES = new Set([3, 62])
const FIELDS_BYTES = 12
const ADDRESSES_BYTES = 20

/** Flags. The lower 16 are what the kernel requires. */
const ALIGNED_MODULES = 1 << 0
const MEMORY_MAP = 1 << 1
const VIDEO = 1 << 2
const REQUIRED = 0xffff
const HAS_ADDRESSES = 1 << 16

export interface MultibootHeader {
  /** In the file. */
  readonly at: number
  readonly flags: number
}

/** @returns undefined: it has none */
export function multibootHeader(kernel: Source): MultibootHeader | undefined {
  const bytes = bytesOf(kernel, 0, SEARCHED_BYTES)
  for (let at = 0; at + FIELDS_BYTES <= bytes.length; at += 4) {
    if (bytes.readUInt32LE(at) !== MAGIC) continue
    const [flags, checksum] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)]
    if ((MAGIC + flags + checksum) % 2 ** 32 === 0) return {at, flags}
  }
  return undefined
}

/** @throws HvError BAD_KERNEL */
export function readMultiboot(
  kernel: Source,
  header: MultibootHeader,
): Pick<KernelImage, 'entry' | 'pieces' | 'end'> {
  const {flags} = header
  if (flags & VIDEO)
    throw failedKernel('requires a video mode', 'clear bit 2 of its Multiboot flags: there is no screen')
  const unknown = flags & REQUIRED & ~(ALIGNED_MODULES | MEMORY_MAP)
  if (unknown !== 0)
    throw failedKernel(`requires what Multiboot does not have: flags ${hex(unknown)}`, 'clear them')
  if (flags & HAS_ADDRESSES) return placedByHeader(kernel, header)
  if (!isElf(kernel))
    throw failedKernel('is no ELF file', 'let its Multiboot header have addresses (bit 16 of its flags)')
  return placedByElf(kernel)
}

function placedByElf(kernel: Source): Pick<KernelImage, 'entry' | 'pieces' | 'end'> {
  const {machine, entry, ...file} = readElf(kernel)
  if (!MACHINES.has(machine))
    throw failedKernel(`is for ${machineName(machine)}, and this host is x86_64`, 'give one for x86')
  const segments = file.segments()
  const physical = physicalEntry(segments, entry)
  if (physical === undefined) throw failedKernel(`has its entry, ${hex(entry)}, in no segment`, IS_WHOLE)
  return {
    entry: physical,
    pieces: segments.map(({address, offset, fileBytes}) => ({address, offset, bytes: fileBytes})),
    end: Math.max(...segments.map(({end}) => end)),
  }
}

/** Linkers give an entry's virtual address, some kernels its physical one. */
function physicalEntry(segments: readonly Segment[], entry: number): number | undefined {
  const holds = (begin: number, {fileBytes}: Segment): boolean => entry >= begin && entry < begin + fileBytes
  const byVirtual = segments.find((segment) => holds(segment.virtual, segment))
  if (byVirtual !== undefined) return entry - byVirtual.virtual + byVirtual.address
  return segments.some((segment) => holds(segment.address, segment)) ? entry : undefined
}

/** All addresses are physical. */
function placedByHeader(
  kernel: Source,
  {at}: MultibootHeader,
): Pick<KernelImage, 'entry' | 'pieces' | 'end'> {
  const fields = bytesOf(kernel, at + FIELDS_BYTES, ADDRESSES_BYTES)
  if (fields.length < ADDRESSES_BYTES) throw failedKernel('ends within its Multiboot header', IS_WHOLE)
  const [headerAt, begin, loadEnd, zerosEnd, entry] = [0, 4, 8, 12, 16].map((field) =>
    fields.readUInt32LE(field),
  )
  const offset = at - (headerAt - begin)
  const bytes = loadEnd === 0 ? kernel.length - offset : loadEnd - begin
  const isInFile = headerAt >= begin && offset >= 0 && bytes > 0 && offset + bytes <= kernel.length
  const isEntry = entry >= begin && entry < begin + bytes
  if (!isInFile || !isEntry || begin < HIGH_BEGIN)
    throw failedKernel('has addresses in its Multiboot header that cannot be right', IS_WHOLE)
  return {entry, pieces: [{address: begin, offset, bytes}], end: Math.max(begin + bytes, zerosEnd)}
}
