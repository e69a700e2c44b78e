// Packs a vCPU's registers into one piece, in the order of a layout for gdb, and unpacks them.

import {type DebugState, readInteger, writeInteger} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import {orUndefined} from '../../errors.ts'
import {arm64MachineLayout} from '../../gdb/arm64.ts'
import type {RegisterLayout} from '../../gdb/register-layout.ts'
import {x86MachineLayout} from '../../gdb/x86-64.ts'
import type {RegisterName, RegisterValues} from '../../vm/registers.ts'
import type {Vcpu} from '../../vm/vcpu.ts'

/** gdb's names for registers that the VM API names otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  eflags: 'rflags',
  ...Object.fromEntries(['cs', 'ss', 'ds', 'es', 'fs', 'gs'].map((name) => [name, `${name}.selector`])),
  ...{fs_base: 'fs.base', gs_base: 'gs.base'},
  ...{cpsr: 'pstate', tpidr: 'tpidr_el0'},
}

const SELECTS_STACK = 1n
const NO_GENERAL = new BigUint64Array()
/** No architecture has more. */
const MOST_GENERAL = 64

/** The layout for machines of this processor. Precondition: the vCPU is stopped. */
export function layoutFor(vcpu: Vcpu): RegisterLayout {
  if (arch.name === 'arm64') return arm64MachineLayout
  return x86MachineLayout(arch.debug.hasWideVectors(vcpu.vectors.readArea()))
}

/** Precondition: the vCPU is stopped, as below. */
export function pack(layout: RegisterLayout, vcpu: Vcpu): Uint8Array {
  const values: Readonly<Record<string, bigint>> = vcpu.registers.getAll()
  const state: DebugState = {general: NO_GENERAL, fp: vcpu.vectors.readArea()}
  const bytes = new Uint8Array(layout.bytes)
  for (const {name, offset, bytes: length} of layout.registers) {
    const value = values[nameOf(name, values)] ?? arch.debug.registers[name].read(state)
    writeInteger(bytes.subarray(offset, offset + length), value)
  }
  return bytes
}

/** @returns whether the processor took all of it */
export function unpack(layout: RegisterLayout, bytes: Uint8Array, vcpu: Vcpu): boolean {
  const values: Readonly<Record<string, bigint>> = vcpu.registers.getAll()
  const before = pack(layout, vcpu)
  const state: DebugState = {general: NO_GENERAL, fp: vcpu.vectors.readArea()}
  const written: Record<string, bigint> = {}
  let writesVectors = false
  for (const {name, offset, bytes: length} of layout.registers) {
    const value = readInteger(bytes.subarray(offset, offset + length))
    // A written register is in use from then on, so write only the changed ones.
    if (value === readInteger(before.subarray(offset, offset + length))) continue
    const own = nameOf(name, values)
    if (own in values) {
      written[own] = value
    } else {
      arch.debug.registers[name].write(state, value)
      writesVectors = true
    }
  }
  const write = (): true => {
    if (Object.keys(written).length > 0) vcpu.registers.set(written as RegisterValues)
    if (writesVectors) vcpu.vectors.writeArea(state.fp)
    return true
  }
  return orUndefined(write) ?? false
}

/** As a core file has a thread's registers. Precondition: the vCPU is stopped. */
export function coreStateOf(vcpu: Vcpu): DebugState {
  const values: Readonly<Record<string, bigint>> = vcpu.registers.getAll()
  const state = {general: new BigUint64Array(MOST_GENERAL), fp: vcpu.vectors.readArea()}
  for (const [name, register] of Object.entries(arch.debug.registers)) {
    const value = values[nameOf(name, values)]
    if (value !== undefined) register.write(state, value)
  }
  return state
}

/** The next instruction's address with CS's base added, as breakpoints have it. */
export function programCounter(vcpu: Vcpu): bigint {
  const get = (name: string): bigint => vcpu.registers.get(name as RegisterName)
  return arch.name === 'arm64' ? get('pc') : BigInt.asUintN(64, get('cs.base') + get('rip'))
}

/** arm64 has a stack pointer for each level, and PSTATE says which is used (Arm ARM C5.2.21). */
function nameOf(name: string, values: Readonly<Record<string, bigint>>): string {
  if (name !== 'sp' || values.pstate === undefined) return NAMES[name] ?? name
  const level = (values.pstate >> 2n) & 3n
  return values.pstate & SELECTS_STACK ? `sp_el${level}` : 'sp_el0'
}
