// The zero page, struct boot_params: what the loader tells an x86_64 kernel (Linux, Documentation/arch/x86/zero-page.rst).

import type {MemoryPiece} from '../boot/memory-pieces.ts'

/** Offsets. The header's are the same in a bzImage. */
export const HEADER_AT = 0x1f1
export const BOOT_FLAG_AT = 0x1fe
export const MAGIC_AT = 0x202
export const VERSION_AT = 0x206
export const LOAD_FLAGS_AT = 0x211
/** "HdrS". */
export const MAGIC = 0x53726448
const RSDP_AT = 0x70
const MAP_COUNT_AT = 0x1e8
const LOADER_AT = 0x210
const INITRD_AT = 0x218
const INITRD_BYTES_AT = 0x21c
const COMMAND_LINE_AT = 0x228
const MAP_AT = 0x2d0
const MAP_ENTRY_BYTES = 20
const PAGE_BYTES = 0x1000
/** "undefined": a loader for which Linux has no number. */
const LOADER = 0xff

/** Types in the memory map (E820). */
export const RAM = 1
export const ACPI = 3

/** Guest physical addresses, and bytes. */
export interface MachineFacts {
  readonly commandLine: number
  readonly initrd: MemoryPiece | undefined
  /** The address of ACPI's root. */
  readonly rsdp: number
  /** By address. */
  readonly map: readonly (MemoryPiece & {readonly type: number})[]
}

/** @param header the kernel's own, from HEADER_AT on */
export function zeroPage(header: Uint8Array, facts: MachineFacts): Uint8Array {
  const page = Buffer.alloc(PAGE_BYTES)
  page.set(header, HEADER_AT)
  page[LOADER_AT] = LOADER
  page.writeUInt32LE(facts.initrd?.address ?? 0, INITRD_AT)
  page.writeUInt32LE(facts.initrd?.bytes ?? 0, INITRD_BYTES_AT)
  page.writeUInt32LE(facts.commandLine, COMMAND_LINE_AT)
  page.writeBigUInt64LE(BigInt(facts.rsdp), RSDP_AT)
  page[MAP_COUNT_AT] = facts.map.length
  for (const [index, {address, bytes, type}] of facts.map.entries()) {
    const entry = MAP_AT + index * MAP_ENTRY_BYTES
    page.writeBigUInt64LE(BigInt(address), entry)
    page.writeBigUInt64LE(BigInt(bytes), entry + 8)
    page.writeUInt32LE(type, entry + 16)
  }
  return page
}
