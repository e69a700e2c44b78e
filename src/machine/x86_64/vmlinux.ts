// vmlinux: a kernel that is unpacked already: an ELF file whose segments have physical addresses (man 5 elf). All in it is untrusted.

import {EM_X86_64} from '../../abi/elf.ts'
import {machineName} from '../../elf/machine-name.ts'
import {failedKernel} from '../boot/kernel-start.ts'
import type {Source} from '../boot/source.ts'
import {readElf} from './elf-segments.ts'
import type {KernelImage} from './kernel-image.ts'
import {BOOT_FLAG_AT, HEADER_AT, LOAD_FLAGS_AT, MAGIC, MAGIC_AT, VERSION_AT} from './zero-page.ts'

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

/** @param kernel an ELF file @throws HvError BAD_KERNEL */
export function readVmlinux(kernel: Source): KernelImage {
  const {bits, machine, entry, ...file} = readElf(kernel)
  if (machine !== EM_X86_64)
    throw failedKernel(`is for ${machineName(machine)}, and this host is x86_64`, 'give one for x86_64')
  if (bits !== 64) throw failedKernel('is an ELF file of 32 bits', 'give one of 64, or a Multiboot kernel')
  const segments = file.segments()
  const first = segments.find(({address, fileBytes}) => entry >= address && entry < address + fileBytes)
  if (first === undefined || first.virtual < UPPER_HALF)
    throw failedKernel('is an ELF file, and no Linux kernel', 'give vmlinux, bzImage, or a Multiboot kernel')
  return {
    entry,
    pieces: segments.map(({address, offset, fileBytes}) => ({address, offset, bytes: fileBytes})),
    end: Math.max(...segments.map(({end}) => end)),
    initrdMax: INITRD_MAX,
    commandLineMax: COMMAND_LINE_MAX,
    header: setupHeader(),
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
