// KernelImage: what a kernel's file says about itself, checked: which of its bytes go where, and where it is entered; and a bzImage, which
// unpacks itself, after its setup header (Linux, Documentation/arch/x86/boot.rst).

import {failedKernel} from '../boot/kernel-start.ts'
import {bytesOf, type Source} from '../boot/source.ts'
import {HEADER_AT, MAGIC, MAGIC_AT, VERSION_AT} from './zero-page.ts'

/** Guest physical. A kernel lies at or above it; below it are the parameters, ACPI's tables, and what a BIOS would have. */
export const HIGH_BEGIN = 0x100000
export const IS_WHOLE = 'is it whole?'

export interface KernelImage {
  /** Guest physical, in 64-bit mode. */
  readonly entry: number
  /** They do not overlap. None reaches below HIGH_BEGIN, or past `end`. */
  readonly pieces: readonly KernelPiece[]
  /** Guest physical: the kernel has everything up to here to itself. It may be beyond all memory. */
  readonly end: number
  /** The last address that its initrd may have. */
  readonly initrdMax: number
  /** Bytes. */
  readonly commandLineMax: number
  /** Part of boot_params, from HEADER_AT on: a loader has to hand it back to the kernel. */
  readonly header: Uint8Array
}

export interface KernelPiece {
  /** Guest physical. */
  readonly address: number
  /** In the file, which has all of it. */
  readonly offset: number
  readonly bytes: number
}

/** Offsets in the file. */
const SECTORS_AT = 0x1f1
const JUMP_AT = 0x201
/** 2.12 introduced xloadflags. */
const VERSION_MIN = 0x20c
const INITRD_MAX_AT = 0x22c
const LOAD_FLAGS_AT = 0x236
const COMMAND_LINE_MAX_AT = 0x238
const PREFERRED_AT = 0x258
const INIT_BYTES_AT = 0x260
/** The end of what is read of it. */
const HEADER_END = 0x264
const IS_64_BIT = 1
const SECTOR_BYTES = 512
/** The 64-bit entry's offset from the beginning of the loaded kernel. */
const ENTRY = 0x200
/** The longest header ends within it. */
const SETUP_BYTES = 1024

/** @throws HvError BAD_KERNEL */
export function readBzImage(source: Source): KernelImage {
  const file = bytesOf(source, 0, SETUP_BYTES)
  if (file.length < HEADER_END || file.readUInt32LE(MAGIC_AT) !== MAGIC) {
    throw failedKernel(
      'is no bzImage of x86_64, and no vmlinux',
      'give vmlinux, bzImage, vmlinuz, or a Multiboot kernel',
    )
  }
  if (file.readUInt16LE(VERSION_AT) < VERSION_MIN || (file.readUInt16LE(LOAD_FLAGS_AT) & IS_64_BIT) === 0) {
    throw failedKernel('has no 64-bit entry', 'give one for x86_64 of Linux 3.8 or later')
  }
  const setupBytes = ((file[SECTORS_AT] || 4) + 1) * SECTOR_BYTES
  const preferred = Number(file.readBigUInt64LE(PREFERRED_AT))
  const initBytes = file.readUInt32LE(INIT_BYTES_AT)
  const bytes = source.length - setupBytes
  if (bytes <= 0 || preferred < HIGH_BEGIN || initBytes < bytes) {
    throw failedKernel('has a header that cannot be right', IS_WHOLE)
  }
  return {
    entry: preferred + ENTRY,
    pieces: [{address: preferred, offset: setupBytes, bytes}],
    end: preferred + initBytes,
    initrdMax: file.readUInt32LE(INITRD_MAX_AT),
    commandLineMax: file.readUInt32LE(COMMAND_LINE_MAX_AT),
    // The header ends where its jump instruction leads.
    header: file.subarray(HEADER_AT, MAGIC_AT + file[JUMP_AT]),
  }
}
