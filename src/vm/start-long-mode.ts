// startLongMode: puts an x86_64 vCPU into ring 0 of 64-bit mode, with page tables and segments that the host builds.

import * as v from 'valibot'
import * as takes from '../options.ts'
import {flatSegments, type Selectors} from './flat-segments.ts'
import {checkApart, checkStart, GIB, type MappedStart, requireArchitecture, TABLE_BYTES} from './start.ts'
import {mappedFields, selectorFields} from './start-fields.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

/** Where a vCPU begins in long mode. @see {@link startLongMode} */
export interface LongModeStart extends MappedStart, Selectors {
  /**
   * The guest physical address of its tables: a multiple of 4096, 0x1000 by default. They take 12 KiB, and 4 KiB more for each GiB that is
   * mapped, and must stay there.
   */
  tables?: number
}

const longModeStart = takes.options({
  ...mappedFields,
  tables: v.optional(takes.anyNumber),
  ...selectorFields,
})

const DEFAULT_TABLES = 0x1000
const ENTRIES = 512
/** Present, writable; large: 2 MiB. SDM vol. 3, 5.5.4. */
const TABLE = 0x3n
const LARGE_PAGE = 0x83n
const LARGE_PAGE_BYTES = GIB / ENTRIES

/** PG WP NE ET MP PE; OSXMMEXCPT OSFXSR PAE; NXE LMA LME. */
const CR0 = 0x80010033n
const CR4 = 0x620n
const EFER = 0xd00n
/** Interrupts off. */
const RFLAGS = 0x2n

/**
 * Puts an x86_64 vCPU into ring 0 of 64-bit mode: interrupts off, addresses mapped to themselves with 2 MiB pages, flat segments, no IDT.
 * General registers other than RSP keep their values.
 * @throws HvError MEMORY_RANGE when the tables are not all in the VM's memory; BAD_ARGUMENT, also on other architectures, for another VM's
 * vCPU, and when the tables hold `entry` or the stack's first byte; VCPU_BUSY, DISPOSED
 *
 * @example
 * // x86_64 only
 * using machine = Vm.create({memoryBytes: 0x20000})
 * using cpu = machine.createVcpu()
 * machine.memory.write(0x10000, Uint8Array.of(0x48, 0xff, 0xc0, 0xf4)) // inc %rax, of 64-bit mode alone; hlt
 * const selectors: Selectors = {codeSelector: 8, dataSelector: 16}
 * startLongMode(machine, cpu, {entry: 0x10000, stack: 0x20000, ...selectors})
 * cpu.registers.set({rax: 2n ** 32n})
 * console.log(cpu.run().kind, cpu.registers.get('rax')) // halt 4294967297n
 */
export function startLongMode(vm: Vm, vcpu: Vcpu, start: LongModeStart): void {
  requireArchitecture('x86_64', 'startLongMode')
  const checked = takes.checked(longModeStart, start, 'start') as LongModeStart
  const {tables = DEFAULT_TABLES} = checked
  const begin = checkStart(vm, vcpu, checked, tables)
  const {entry, stack, gibs} = begin
  const segments = flatSegments(64, checked)
  const gdt = tables + (2 + gibs) * TABLE_BYTES
  const bytes = gdt + TABLE_BYTES - tables
  // Fails before anything is written, unless all of them fit.
  vm.memory.view(tables, bytes)
  checkApart(tables, bytes, begin)
  writeTables(vm, tables, gibs)
  vcpu.registers.set({
    ...segments.write(vm, gdt),
    cr0: CR0,
    cr3: BigInt(tables),
    cr4: CR4,
    efer: EFER,
    rip: entry,
    rsp: stack,
    rflags: RFLAGS,
  })
}

/** A PML4, one directory of GiBs, and a directory of 2 MiB pages for each GiB. */
function writeTables(vm: Vm, tables: number, gibs: number): void {
  const [gibTable, directories] = [tables + TABLE_BYTES, tables + 2 * TABLE_BYTES]
  writeWords(vm, tables, ENTRIES, (index) => (index === 0 ? BigInt(gibTable) | TABLE : 0n))
  writeWords(vm, gibTable, ENTRIES, (index) =>
    index < gibs ? BigInt(directories + index * TABLE_BYTES) | TABLE : 0n,
  )
  writeWords(vm, directories, gibs * ENTRIES, (index) => BigInt(index * LARGE_PAGE_BYTES) | LARGE_PAGE)
}

function writeWords(vm: Vm, address: number, length: number, word: (index: number) => bigint): void {
  const words = BigUint64Array.from({length}, (_, index) => word(index))
  vm.memory.write(address, new Uint8Array(words.buffer))
}
