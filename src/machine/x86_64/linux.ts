// Linux on x86_64: puts its kernel, its parameters and ACPI's tables into memory, and the first vCPU at the 64-bit entry
// (Linux, Documentation/arch/x86/boot.rst).

import {startLongMode} from '../../vm/start-long-mode.ts'
import {failedKernel, type KernelStart} from '../boot/kernel-start.ts'
import {load} from '../boot/source.ts'
import {acpiTables, TABLES} from './acpi.ts'
import {TABLES as PAGE_TABLES} from './boot.ts'
import {isElf} from './elf-segments.ts'
import {HIGH_BEGIN, readBzImage} from './kernel-image.ts'
import {startMultiboot} from './multiboot.ts'
import {multibootHeader} from './multiboot-image.ts'
import {readVmlinux} from './vmlinux.ts'
import {ACPI, RAM, zeroPage} from './zero-page.ts'

/** Guest physical, below the BIOS's area, which ends the first piece of memory. */
const ZERO_PAGE = 0x10000
const COMMAND_LINE = 0x20000
const LOW_END = 0x9fc00
const PAGE_BYTES = 0x1000

/** Starts other kernels by Multiboot, if they have its header. @throws HvError BAD_KERNEL */
export function startLinux(start: KernelStart): void {
  const {vm, vcpus, initrd, highMemory} = start
  const {memory} = vm
  const multiboot = multibootHeader(start.kernel)
  if (multiboot !== undefined) {
    startMultiboot(start, multiboot)
    return
  }
  const image = isElf(start.kernel) ? readVmlinux(start.kernel) : readBzImage(start.kernel)
  const commandLine = Buffer.from(`${start.commandLine}\0`)
  const commandLineMax = Math.min(image.commandLineMax, LOW_END - COMMAND_LINE - 1)
  if (commandLine.length > commandLineMax + 1)
    throw failedKernel(`takes ${commandLineMax} characters of parameters`, 'give fewer of them')
  const initrdAt = placeInitrd(initrd?.length ?? 0, Math.min(memory.size, image.initrdMax + 1))
  if (image.end > initrdAt) throw failedKernel('does not fit', 'give it more memory')

  for (const {address, offset, bytes} of image.pieces) load(memory, address, start.kernel, offset, bytes)
  if (initrd) load(memory, initrdAt, initrd)
  memory.write(COMMAND_LINE, commandLine)
  memory.write(TABLES, acpiTables(vcpus.length, start.devices))
  const map = [
    {address: 0, bytes: LOW_END, type: RAM},
    {address: TABLES, bytes: HIGH_BEGIN - TABLES, type: ACPI},
    {address: HIGH_BEGIN, bytes: memory.size - HIGH_BEGIN, type: RAM},
    ...(highMemory ? [{...highMemory, type: RAM}] : []),
  ]
  const told = {commandLine: COMMAND_LINE, rsdp: TABLES, map}
  const place = initrd && {address: initrdAt, bytes: initrd.length}
  memory.write(ZERO_PAGE, zeroPage(image.header, {...told, initrd: place}))
  const selectors = {codeSelector: 0x10, dataSelector: 0x18}
  startLongMode(vm, vcpus[0], {entry: image.entry, stack: ZERO_PAGE, tables: PAGE_TABLES, ...selectors})
  vcpus[0].registers.set({rdi: 0n, rsi: BigInt(ZERO_PAGE), rdx: 0n})
}

const placeInitrd = (bytes: number, end: number): number =>
  Math.floor((end - bytes) / PAGE_BYTES) * PAGE_BYTES
