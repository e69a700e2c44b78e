// Linux on x86_64: a bzImage, its parameters and ACPI's tables go into memory, and the first vCPU stands before its 64-bit entry
// (Linux, Documentation/arch/x86/boot.rst and zero-page.rst).

import {failedKernel, type KernelStart} from '../kernel.ts'
import {acpiTables, TABLES} from './acpi.ts'
import {enterLongMode} from './boot.ts'

/** Guest physical, below the BIOS's area, which ends the first piece of memory. */
const ZERO_PAGE = 0x10000
const COMMAND_LINE = 0x20000
const LOW_END = 0x9fc00
const HIGH_BEGIN = 0x100000
const PAGE_BYTES = 0x1000

/** Offsets in the file, and in the zero page. */
const HEADER_AT = 0x1f1
const SECTORS_AT = 0x1f1
const JUMP_AT = 0x201
const MAGIC_AT = 0x202
const MAGIC = 0x53726448
const VERSION_AT = 0x206
/** 2.12: xloadflags. */
const VERSION_MIN = 0x20c
const LOADER_AT = 0x210
const INITRD_AT = 0x218
const INITRD_BYTES_AT = 0x21c
const COMMAND_LINE_AT = 0x228
const INITRD_MAX_AT = 0x22c
const LOAD_FLAGS_AT = 0x236
const COMMAND_LINE_MAX_AT = 0x238
const PREFERRED_AT = 0x258
const INIT_BYTES_AT = 0x260
/** As far as it is read. */
const HEADER_END = 0x264
const IS_64_BIT = 1
const SECTOR_BYTES = 512
/** "undefined": no loader that Linux has a number for. */
const LOADER = 0xff
/** Of the zero page alone. */
const RSDP_AT = 0x70
const MAP_COUNT_AT = 0x1e8
const MAP_AT = 0x2d0
const MAP_ENTRY_BYTES = 20
const RAM = 1
const ACPI = 3
/** Where the 64-bit entry is, behind the loaded kernel's beginning. */
const ENTRY = 0x200

/** @throws HvError BAD_KERNEL */
export function startLinux(start: KernelStart): void {
  const {vm, vcpus, initrd, commandLine} = start
  const {memory} = vm
  const file = Buffer.from(start.kernel.buffer, start.kernel.byteOffset, start.kernel.length)
  const header = readHeader(file)
  if (commandLine.length > header.commandLineMax) {
    throw failedKernel(`takes ${header.commandLineMax} characters of parameters`, 'give fewer of them')
  }
  const initrdAt = placeInitrd(initrd?.length ?? 0, Math.min(memory.size, header.initrdMax + 1))
  if (header.preferred + header.initBytes > initrdAt)
    throw failedKernel('does not fit', 'give it more memory')

  memory.write(header.preferred, file.subarray(header.setupBytes))
  if (initrd) memory.write(initrdAt, initrd)
  memory.write(COMMAND_LINE, Buffer.from(`${commandLine}\0`))
  memory.write(TABLES, acpiTables(vcpus.length, start.devices))
  memory.write(ZERO_PAGE, zeroPage(file, memory.size, initrd ? [initrdAt, initrd.length] : [0, 0]))
  enterLongMode(vm, vcpus[0], {
    rip: header.preferred + ENTRY,
    rsp: ZERO_PAGE,
    rsi: ZERO_PAGE,
    code: 0x10,
    data: 0x18,
  })
}

interface Header {
  readonly setupBytes: number
  readonly preferred: number
  readonly initBytes: number
  readonly initrdMax: number
  readonly commandLineMax: number
}

function readHeader(file: Buffer): Header {
  if (file.length < HEADER_END || file.readUInt32LE(MAGIC_AT) !== MAGIC) {
    throw failedKernel('is no bzImage of x86_64', 'give arch/x86/boot/bzImage, or a vmlinuz')
  }
  if (file.readUInt16LE(VERSION_AT) < VERSION_MIN || (file.readUInt16LE(LOAD_FLAGS_AT) & IS_64_BIT) === 0) {
    throw failedKernel('has no 64-bit entry', 'give one for x86_64 of Linux 3.8 or later')
  }
  const setupBytes = ((file[SECTORS_AT] || 4) + 1) * SECTOR_BYTES
  const preferred = Number(file.readBigUInt64LE(PREFERRED_AT))
  const initBytes = file.readUInt32LE(INIT_BYTES_AT)
  if (setupBytes >= file.length || preferred < HIGH_BEGIN || initBytes < file.length - setupBytes) {
    throw failedKernel('has a header that cannot be right', 'is it whole?')
  }
  const initrdMax = file.readUInt32LE(INITRD_MAX_AT)
  const commandLineMax = Math.min(file.readUInt32LE(COMMAND_LINE_MAX_AT), LOW_END - COMMAND_LINE - 1)
  return {setupBytes, preferred, initBytes, initrdMax, commandLineMax}
}

const placeInitrd = (bytes: number, end: number): number =>
  Math.floor((end - bytes) / PAGE_BYTES) * PAGE_BYTES

function zeroPage(file: Buffer, memoryBytes: number, [initrdAt, initrdBytes]: [number, number]): Buffer {
  const page = Buffer.alloc(PAGE_BYTES)
  // The header ends where its jump goes to.
  file.copy(page, HEADER_AT, HEADER_AT, MAGIC_AT + file[JUMP_AT])
  page[LOADER_AT] = LOADER
  page.writeUInt32LE(initrdAt, INITRD_AT)
  page.writeUInt32LE(initrdBytes, INITRD_BYTES_AT)
  page.writeUInt32LE(COMMAND_LINE, COMMAND_LINE_AT)
  page.writeBigUInt64LE(BigInt(TABLES), RSDP_AT)
  const map = [
    [0, LOW_END, RAM],
    [TABLES, HIGH_BEGIN - TABLES, ACPI],
    [HIGH_BEGIN, memoryBytes - HIGH_BEGIN, RAM],
  ]
  page[MAP_COUNT_AT] = map.length
  for (const [index, [at, bytes, type]] of map.entries()) {
    const entry = MAP_AT + index * MAP_ENTRY_BYTES
    page.writeBigUInt64LE(BigInt(at), entry)
    page.writeBigUInt64LE(BigInt(bytes), entry + 8)
    page.writeUInt32LE(type, entry + 16)
  }
  return page
}
