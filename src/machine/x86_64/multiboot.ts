// startMultiboot: starts a kernel as a Multiboot loader does (Multiboot Specification 0.6.96, sections 3.2 and 3.3): in 32-bit protected
// mode, with EBX at what it is told. It also finds what a PC's firmware leaves: ACPI's tables, the MP table, the size of low memory.

import {startProtectedMode} from '../../vm/start-protected-mode.ts'
import {failedKernel, type KernelStart} from '../boot/kernel-start.ts'
import {load} from '../boot/source.ts'
import {acpiTables, TABLES} from './acpi.ts'
import {HIGH_BEGIN} from './kernel-image.ts'
import {mpTable} from './mp-table.ts'
import {type MultibootHeader, readMultiboot} from './multiboot-image.ts'
import {ACPI, RAM} from './zero-page.ts'

/** EAX at the kernel's entry. */
const LOADED_BY_MULTIBOOT = 0x2badb002n
const PAGE_BYTES = 0x1000
const KIB = 1024
/** In the memory map: a type of memory that is not to be used. */
const RESERVED = 2

/** Guest physical: the end of low memory, which the memory map does not give to the kernel. In the extended BIOS area is the MP table. */
const LOW_END = 0x9b000
const GDT = LOW_END
const EXTENDED_AREA = 0x9c000
const INFORMATION = 0x9e000
const COMMAND_LINE = 0x9e800
const LOW_MEMORY_END = 0xa0000
const COMMAND_LINE_MAX = LOW_MEMORY_END - COMMAND_LINE - 1

/** Words of the BIOS's data area: the extended area's segment, and KiB of low memory. */
const EXTENDED_AREA_AT = 0x40e
const LOW_KIB_AT = 0x413

/** The structure that EBX leads to: offsets, and the flags of the fields that are valid. */
const INFORMATION_BYTES = 116
const FLAGS = {memory: 1 << 0, commandLine: 1 << 2, modules: 1 << 3, map: 1 << 6, loader: 1 << 9}
const AT = {low: 4, high: 8, commandLine: 16, moduleCount: 20, modules: 24, mapBytes: 44, map: 48, loader: 64}
const MODULE_BYTES = 16
const MAP_ENTRY_BYTES = 24
/** Behind the structure. */
const MODULE = INFORMATION + 0x80
const LOADER = MODULE + MODULE_BYTES
const MODULE_NAME = LOADER + 8
const MAP = INFORMATION + 0x100

/** @throws HvError BAD_KERNEL */
export function startMultiboot(start: KernelStart, header: MultibootHeader): void {
  const {vm, vcpus, initrd, highMemory, kernel} = start
  const {memory} = vm
  const image = readMultiboot(kernel, header)
  const commandLine = Buffer.from(`${start.append}\0`)
  if (commandLine.length > COMMAND_LINE_MAX + 1)
    throw failedKernel(`takes ${COMMAND_LINE_MAX} characters of parameters`, 'give fewer of them')
  const initrdAt = Math.ceil(image.end / PAGE_BYTES) * PAGE_BYTES
  if (initrdAt + (initrd?.length ?? 0) > memory.size)
    throw failedKernel('does not fit', 'give it more memory')

  for (const {address, offset, bytes} of image.pieces) load(memory, address, kernel, offset, bytes)
  if (initrd) load(memory, initrdAt, initrd)
  memory.write(TABLES, acpiTables(vcpus.length, start.devices))
  memory.write(EXTENDED_AREA, mpTable(EXTENDED_AREA, vcpus.length))
  memory.write(EXTENDED_AREA_AT, words16(EXTENDED_AREA / 16))
  memory.write(LOW_KIB_AT, words16(LOW_END / KIB))
  memory.write(COMMAND_LINE, commandLine)
  memory.write(LOADER, Buffer.from('hv\0'))
  if (initrd) {
    memory.write(MODULE, words32(initrdAt, initrdAt + initrd.length, MODULE_NAME, 0))
    memory.write(MODULE_NAME, Buffer.from('initrd\0'))
  }
  const map = mapOf([
    {address: 0, bytes: LOW_END, type: RAM},
    {address: LOW_END, bytes: LOW_MEMORY_END - LOW_END, type: RESERVED},
    {address: TABLES, bytes: HIGH_BEGIN - TABLES, type: ACPI},
    {address: HIGH_BEGIN, bytes: memory.size - HIGH_BEGIN, type: RAM},
    ...(highMemory ? [{...highMemory, type: RAM}] : []),
  ])
  memory.write(MAP, map)
  memory.write(INFORMATION, informationOf(memory.size, map.length, initrd !== undefined))
  startProtectedMode(vm, vcpus[0], {entry: image.entry, stack: LOW_END, tables: GDT})
  vcpus[0].registers.set({rax: LOADED_BY_MULTIBOOT, rbx: BigInt(INFORMATION)})
}

function informationOf(memoryBytes: number, mapBytes: number, hasModule: boolean): Buffer {
  const {memory, commandLine, modules, map, loader} = FLAGS
  const bytes = Buffer.alloc(INFORMATION_BYTES)
  bytes.writeUInt32LE(memory | commandLine | modules | map | loader)
  bytes.writeUInt32LE(LOW_END / KIB, AT.low)
  bytes.writeUInt32LE(Math.floor((memoryBytes - HIGH_BEGIN) / KIB), AT.high)
  bytes.writeUInt32LE(COMMAND_LINE, AT.commandLine)
  bytes.writeUInt32LE(hasModule ? 1 : 0, AT.moduleCount)
  bytes.writeUInt32LE(MODULE, AT.modules)
  bytes.writeUInt32LE(mapBytes, AT.mapBytes)
  bytes.writeUInt32LE(MAP, AT.map)
  bytes.writeUInt32LE(LOADER, AT.loader)
  return bytes
}

/** Each entry begins with the bytes that follow this number. */
function mapOf(pieces: readonly {address: number; bytes: number; type: number}[]): Buffer {
  const entries = Buffer.alloc(pieces.length * MAP_ENTRY_BYTES)
  for (const [index, {address, bytes, type}] of pieces.entries()) {
    const at = index * MAP_ENTRY_BYTES
    entries.writeUInt32LE(MAP_ENTRY_BYTES - 4, at)
    entries.writeBigUInt64LE(BigInt(address), at + 4)
    entries.writeBigUInt64LE(BigInt(bytes), at + 12)
    entries.writeUInt32LE(type, at + 20)
  }
  return entries
}

const words16 = (...words: number[]): Uint8Array => new Uint8Array(Uint16Array.from(words).buffer)
const words32 = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer)
