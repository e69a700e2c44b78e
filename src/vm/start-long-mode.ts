// startLongMode: puts an x86_64 vCPU into ring 0 of 64-bit mode, with page tables and segments that the host builds.

import * as v from 'valibot'
import {badArgument} from '../errors.ts'
import * as takes from '../options.ts'
import type {RegisterValues} from './registers.ts'
import {checkApart, checkStart, GIB, requireArchitecture, TABLE_BYTES, type VcpuStart} from './start.ts'
import {startFields} from './start-fields.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

/** Where a vCPU begins in long mode. @see {@link startLongMode} */
export interface LongModeStart extends VcpuStart {
  /**
   * The guest physical address of its tables: a multiple of 4096, 0x1000 by default. They take 12 KiB, and 4 KiB more for each GiB that is
   * mapped, and must stay there.
   */
  tables?: number
  /** Selectors in the GDT: 8, 16 or 24. 8 and 16 by default. */
  codeSelector?: number
  dataSelector?: number
}

const selector = v.optional(v.picklist([8, 16, 24], '8, 16 or 24'))
const longModeStart = takes.options({
  ...startFields,
  tables: v.optional(takes.anyNumber),
  codeSelector: selector,
  dataSelector: selector,
})

const DEFAULT_TABLES = 0x1000
const ENTRIES = 512
/** Present, writable; large: 2 MiB. SDM vol. 3, 5.5.4. */
const TABLE = 0x3n
const LARGE_PAGE = 0x83n
const LARGE_PAGE_BYTES = GIB / ENTRIES

/** Ring 0, 64-bit code; ring 0, data. */
const CODE = 0x00af9b000000ffffn
const DATA = 0x00cf93000000ffffn
const GDT_LENGTH = 4

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
 * startLongMode(machine, cpu, {entry: 0x10000, stack: 0x20000})
 * cpu.registers.set({rax: 2n ** 32n})
 * console.log(cpu.run().kind, cpu.registers.get('rax')) // halt 4294967297n
 */
export function startLongMode(vm: Vm, vcpu: Vcpu, start: LongModeStart): void {
  requireArchitecture('x86_64', 'startLongMode')
  const checked = takes.checked(longModeStart, start, 'start') as LongModeStart
  const {tables = DEFAULT_TABLES, codeSelector = 8, dataSelector = 16} = checked
  const begin = checkStart(vm, vcpu, checked, tables)
  const {entry, stack, gibs} = begin
  if (codeSelector === dataSelector) {
    throw badArgument(`code and data cannot both be ${codeSelector}`, 'give two selectors')
  }
  const gdt = tables + (2 + gibs) * TABLE_BYTES
  const bytes = gdt + TABLE_BYTES - tables
  // Fails before anything is written, unless all of them fit.
  vm.memory.view(tables, bytes)
  checkApart(tables, bytes, begin)
  writeTables(vm, tables, gibs)
  writeWords(vm, gdt, GDT_LENGTH, (index) =>
    index === codeSelector / 8 ? CODE : index === dataSelector / 8 ? DATA : 0n,
  )
  vcpu.registers.set({
    ...segments(BigInt(codeSelector), BigInt(dataSelector)),
    'gdt.base': BigInt(gdt),
    'gdt.limit': BigInt(GDT_LENGTH * 8 - 1),
    'idt.base': 0n,
    'idt.limit': 0n,
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

function segments(code: bigint, data: bigint): RegisterValues {
  const values: Record<string, bigint> = {}
  for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss']) {
    const isCode = name === 'cs'
    const fields = {
      base: 0n,
      limit: 0xffffffffn,
      selector: isCode ? code : data,
      type: isCode ? 11n : 3n,
      p: 1n,
      dpl: 0n,
      s: 1n,
      l: isCode ? 1n : 0n,
      db: isCode ? 0n : 1n,
      g: 1n,
      unusable: 0n,
    }
    for (const [field, value] of Object.entries(fields)) values[`${name}.${field}`] = value
  }
  return values
}
