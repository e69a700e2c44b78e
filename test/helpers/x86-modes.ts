// Puts a vCPU into protected mode, paged 32-bit mode or long mode, with tables that the host builds.

import {boot} from '../../src/machine/x86_64/boot.ts'
import {CODE_TYPE, DATA_TYPE, segmentRegisters} from '../../src/vm/flat-segments.ts'
import type {RegisterValues} from '../../src/vm/registers.ts'
import type {Vcpu} from '../../src/vm/vcpu.ts'
import type {Vm} from '../../src/vm/vm.ts'

const PE = 1n
const PG = 1n << 31n
const PSE = 1n << 4n
const PAE = 1n << 5n
/** LMA, LME. */
const EFER_LONG_MODE = 0x500n
/** Page tables start here. */
const TABLES = 0x2000
/** Present, writable; 4 MiB, and 2 MiB in the tables of long mode. */
const TABLE = 0x3
const LARGE = 0x83
const FOUR_MIB = 0x400000

const FLAT = {base: 0, limit: 0xffffffff, db: 1, g: 1}
const flatSegments = (): RegisterValues =>
  segmentRegisters({...FLAT, selector: 8, type: CODE_TYPE}, {...FLAT, selector: 16, type: DATA_TYPE})

export function enterProtectedMode(vcpu: Vcpu, rip: number): void {
  vcpu.registers.set({...flatSegments(), cr0: vcpu.registers.get('cr0') | PE, rip: BigInt(rip), rflags: 2n})
}

/** Maps the first 4 MiB one to one; 0xc0000000 leads to `physical`, a multiple of 4 MiB. */
export function enterPagedMode(vm: Vm, vcpu: Vcpu, rip: number, physical: number): void {
  const directory = new Uint32Array(1024)
  directory[0] = LARGE
  directory[0xc0000000 / FOUR_MIB] = physical | LARGE
  vm.memory.write(TABLES, new Uint8Array(directory.buffer))
  const cr0 = vcpu.registers.get('cr0') | PE | PG
  const cr3 = BigInt(TABLES)
  vcpu.registers.set({...flatSegments(), cr0, cr3, cr4: PSE, rip: BigInt(rip), rflags: 2n})
}

/** The same in compatibility mode: 32-bit code, 64-bit tables. Maps 2 MiB at each place; `physical` is a multiple of that. */
export function enterCompatibilityMode(vm: Vm, vcpu: Vcpu, rip: number, physical: number): void {
  const [pml4, pdpt, low, high] = [0, 1, 2, 3].map((index) => TABLES + index * 0x1000)
  const put = (address: number, entry: number): void => {
    vm.memory.write(address, new Uint8Array(BigUint64Array.of(BigInt(entry)).buffer))
  }
  put(pml4, pdpt | TABLE)
  put(pdpt, low | TABLE)
  put(pdpt + 3 * 8, high | TABLE)
  put(low, LARGE)
  put(high, physical | LARGE)
  const cr0 = vcpu.registers.get('cr0') | PE | PG
  const system = {cr0, cr3: BigInt(pml4), cr4: PAE, efer: EFER_LONG_MODE}
  vcpu.registers.set({...flatSegments(), ...system, rip: BigInt(rip), rflags: 2n})
}

/** Maps memory one to one, and the same 512 GiB again from 0xffff800000000000 on. */
export function enterLongMode(vm: Vm, vcpu: Vcpu, rip: number): void {
  boot(vm, vcpu, {entry: rip, stack: 0x9000, args: [0, 0, 0]})
  const pml4 = Number(vcpu.registers.get('cr3'))
  vm.memory.write(pml4 + 256 * 8, vm.memory.read(pml4, 8))
}
