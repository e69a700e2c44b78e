// startEl1, startEl2: an arm64 vCPU with MMU and caches on, through a table that the host builds. With the MMU off its accesses would
// bypass the caches that the host writes through (Arm ARM, "The effects of disabling an address translation stage"), and a real board would
// show it stale memory.

import * as v from 'valibot'
import {badArgument} from '../errors.ts'
import * as takes from '../options.ts'
import {checkApart, checkStart, GIB, type MappedStart, requireArchitecture, TABLE_BYTES} from './start.ts'
import {mappedFields} from './start-fields.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

/** Where a vCPU begins at EL1 or EL2. @see {@link startEl1} */
export interface ElStart extends MappedStart {
  /**
   * The guest physical address of its table of 4 KiB, which must stay there: a multiple of 4096, by default 0x1000 past the VM's
   * `memoryBase`.
   */
  tables?: number
  /** VBAR: where its exception vectors are, a multiple of 2048. 0 by default: there are none. */
  vectors?: number
}

const elStart = takes.options({
  ...mappedFields,
  tables: v.optional(takes.anyNumber),
  vectors: v.optional(takes.integer(0, Number.MAX_SAFE_INTEGER)),
})

const DEFAULT_TABLES = 0x1000
const VECTORS_ALIGNMENT = 2048

/** An entry for 1 GiB in a table of level 1: Arm ARM D8.3. Access flag; EL1 alone, readable and writable. */
const BLOCK = 0x401n
const INNER_SHAREABLE = 3n << 8n
const NEVER_EXECUTE = 3n << 53n
/** Indexes into MAIR: 0 normal memory, write-back; 1 Device-nGnRE. */
const DEVICE = 1n << 2n
const MAIR = 0x04ffn

/** 4 KiB granule, tables in write-back and inner shareable memory, no TTBR1. The map decides T0SZ and IPS. */
const TCR = (1n << 8n) | (1n << 10n) | (3n << 12n) | (1n << 23n)
/** Fewer bits would begin at level 2. */
const ADDRESS_BITS_MIN = 32
/** The number of output address bits for each value of IPS. */
const OUTPUT_BITS = [32, 36, 40]
const IPS_SHIFT = 32n
/** M C SA I, and the bits that are RES1 in ARMv8.0: ITD SED EOS TSCXT EIS SPAN nTLSMD LSMAOE. */
const SCTLR = 0x30d0198dn
/** FPEN: floating point is not trapped. */
const CPACR = 3n << 20n
/** Debug, SError, IRQ and FIQ masked; the level's own stack pointer. */
const MASKED = 0x3c0n
const EL1H = MASKED | 5n
const EL2H = MASKED | 9n

/**
 * Puts an arm64 vCPU at EL1 with MMU and caches on: interrupts masked, floating point allowed, its own stack pointer (SP_EL1). Addresses
 * are mapped to themselves, GiB by GiB: those with memory in them as write-back memory, the others as Device-nGnRE, where nothing is
 * executed. Registers X0 to X30 keep their values.
 * @throws HvError MEMORY_RANGE when the table is not all in the VM's memory; BAD_ARGUMENT, also on other architectures, for another VM's vCPU, for
 * one that has EL2, and when the table holds `entry` or the stack's first byte; VCPU_BUSY, DISPOSED
 *
 * @example
 * // arm64 only
 * using machine = Vm.create({memoryBytes: 0x20000, memoryBase: 0x40000000})
 * using cpu = machine.createVcpu()
 * machine.memory.write(0x40010000, Uint8Array.of(0x01, 0x00, 0x00, 0x39)) // strb w1, [x0]
 * startEl1(machine, cpu, {entry: 0x40010000, stack: 0x40020000})
 * cpu.registers.set({x0: 0x09000000n, x1: 42n})
 * console.log(cpu.run()) // { kind: 'mmio', isWrite: true, address: 150994944, data: Uint8Array(1) [ 42 ] }
 */
export function startEl1(vm: Vm, vcpu: Vcpu, start: ElStart): void {
  requireArchitecture('arm64', 'startEl1')
  if (vm.hasEl2) throw badArgument('the vCPU begins at EL2', 'take startEl2')
  startAt('el1', vm, vcpu, start)
}

/**
 * Does the same as {@link startEl1} at EL2, in a VM that is `nested`. KVM's vCPUs with EL2 always have HCR_EL2.E2H set (api.rst,
 * KVM_ARM_VCPU_HAS_EL2): tables and registers have EL1's formats.
 * @throws HvError as {@link startEl1}; BAD_ARGUMENT for a vCPU without EL2
 *
 * @example
 * // arm64 only
 * try {
 *   const machine = Vm.create({memoryBytes: 0x20000, memoryBase: 0x40000000, nested: true})
 *   const cpu = machine.createVcpu()
 *   startEl2(machine, cpu, {entry: 0x40010000, stack: 0x40020000})
 *   console.log(cpu.registers.get('pstate') & 0xfn) // e.g. 9n
 *   machine[Symbol.dispose]()
 * } catch (error) {
 *   console.log(error) // e.g. HvError: this host has no nested virtualization for arm64 guests (KVM_CAP_ARM_EL2)
 * }
 */
export function startEl2(vm: Vm, vcpu: Vcpu, start: ElStart): void {
  requireArchitecture('arm64', 'startEl2')
  if (!vm.hasEl2) throw badArgument('the vCPU has no EL2', 'make the VM with `nested`, or take startEl1')
  startAt('el2', vm, vcpu, start)
}

function startAt(level: 'el1' | 'el2', vm: Vm, vcpu: Vcpu, start: ElStart): void {
  const checked = takes.checked(elStart, start, 'start') as ElStart
  const {tables = vm.memory.base + DEFAULT_TABLES, vectors = 0} = checked
  const begin = checkStart(vm, vcpu, checked, tables)
  const {entry, stack, gibs} = begin
  checkApart(tables, TABLE_BYTES, begin)
  if (vectors % VECTORS_ALIGNMENT !== 0) {
    throw badArgument(`vectors cannot lie at ${vectors}`, `give a multiple of ${VECTORS_ALIGNMENT}`)
  }
  writeTable(vm, tables, gibs)
  vcpu.registers.set({
    pc: entry,
    pstate: level === 'el1' ? EL1H : EL2H,
    [`sp_${level}`]: stack,
    [`mair_${level}`]: MAIR,
    [`tcr_${level}`]: tcrOf(gibs),
    [`ttbr0_${level}`]: BigInt(tables),
    [`vbar_${level}`]: BigInt(vectors),
    [level === 'el1' ? 'cpacr_el1' : 'cptr_el2']: CPACR,
    // KVM resets it to a value that would be confusing in a fault report.
    [`far_${level}`]: 0n,
    [`sctlr_${level}`]: SCTLR,
  })
}

function writeTable(vm: Vm, table: number, gibs: number): void {
  const entries = new BigUint64Array(TABLE_BYTES / 8)
  for (let gib = 0; gib < gibs; gib++) {
    const isMemory = vm.memory.touches(gib * GIB, GIB)
    entries[gib] = BigInt(gib * GIB) | BLOCK | (isMemory ? INNER_SHAREABLE : DEVICE | NEVER_EXECUTE)
  }
  vm.memory.write(table, new Uint8Array(entries.buffer))
}

function tcrOf(gibs: number): bigint {
  const bits = Math.max(ADDRESS_BITS_MIN, Math.ceil(Math.log2(gibs * GIB)))
  const size = BigInt(64 - bits)
  const ips = BigInt(OUTPUT_BITS.findIndex((width) => width >= bits))
  return TCR | size | (ips << IPS_SHIFT)
}
