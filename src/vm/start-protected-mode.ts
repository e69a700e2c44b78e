// startProtectedMode: puts an x86_64 vCPU into ring 0 of 32-bit protected mode, without paging, with segments that the host builds.

import * as v from 'valibot'
import * as takes from '../options.ts'
import {flatSegments, type Selectors} from './flat-segments.ts'
import {
  checkApart,
  checkReach,
  checkTables,
  GIB,
  requireArchitecture,
  TABLE_BYTES,
  type VcpuStart,
} from './start.ts'
import {selectorFields, startFields} from './start-fields.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

/** Where a vCPU begins in protected mode. @see {@link startProtectedMode} */
export interface ProtectedModeStart extends VcpuStart, Selectors {
  /** The guest physical address of its GDT, for which 4 KiB are taken: a multiple of 4096, 0x1000 by default. */
  tables?: number
}

const protectedModeStart = takes.options({
  ...startFields,
  tables: v.optional(takes.anyNumber),
  ...selectorFields,
})

const DEFAULT_TABLES = 0x1000
const REACH = {
  end: 4 * GIB,
  defect: 'is out of reach: protected mode has 4 GiB',
  nextStep: 'give a lower one, or take startLongMode',
}
/** ET PE, and no PG. */
const CR0 = 0x11n
/** Interrupts off. */
const RFLAGS = 0x2n

/**
 * Puts an x86_64 vCPU into ring 0 of 32-bit protected mode: interrupts off, no paging, flat segments of 4 GiB, no IDT. General registers
 * other than ESP keep their values.
 * @throws HvError MEMORY_RANGE when the GDT is not all in the VM's memory; BAD_ARGUMENT, also on other architectures, for another VM's vCPU,
 * and when the GDT's page holds `entry` or the stack's first byte; VCPU_BUSY, DISPOSED
 *
 * @example
 * // x86_64 only
 * using machine = Vm.create({memoryBytes: 0x20000})
 * using cpu = machine.createVcpu()
 * machine.memory.write(0x10000, Uint8Array.of(0x40, 0xf4)) // inc %eax, of 16- and 32-bit modes alone; hlt
 * startProtectedMode(machine, cpu, {entry: 0x10000, stack: 0x20000})
 * cpu.registers.set({rax: 0xffffn})
 * console.log(cpu.run().kind, cpu.registers.get('rax')) // halt 65536n
 */
export function startProtectedMode(vm: Vm, vcpu: Vcpu, start: ProtectedModeStart): void {
  requireArchitecture('x86_64', 'startProtectedMode')
  const checked = takes.checked(protectedModeStart, start, 'start') as ProtectedModeStart
  const {tables = DEFAULT_TABLES} = checked
  const begin = checkReach(vm, vcpu, checked, REACH)
  checkTables(tables)
  const segments = flatSegments(32, checked)
  // Fails before anything is written, unless all of it fits.
  vm.memory.view(tables, TABLE_BYTES)
  checkApart(tables, TABLE_BYTES, begin)
  const {entry, stack} = begin
  vcpu.registers.set({
    ...segments.write(vm, tables),
    cr0: CR0,
    cr3: 0n,
    cr4: 0n,
    efer: 0n,
    rip: entry,
    rsp: stack,
    rflags: RFLAGS,
  })
}
