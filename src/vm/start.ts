// What the ways to start a vCPU have in common: where it begins, what is mapped, and checks of both.

import {arch} from '../arch/index.ts'
import {badArgument} from '../errors.ts'
import type {GuestAddress} from './guest-memory.ts'
import type {Vcpu} from './vcpu.ts'
import type {Vm} from './vm.ts'

/** Where a vCPU begins. @see {@link startRealMode}, {@link startLongMode}, {@link startEl1} */
export interface VcpuStart {
  /** Its first instruction. */
  entry: GuestAddress
  /** Its stack grows down from here. */
  stack: GuestAddress
}

/** Where a vCPU begins whose addresses are mapped. @see {@link startLongMode}, {@link startEl1} */
export interface MappedStart extends VcpuStart {
  /** How many GiB, from address 0 on, are mapped to themselves: 1 to 512, 4 by default. */
  gibs?: number
}

const DEFAULT_GIBS = 4
export const TABLE_BYTES = 4096
export const GIB: number = 2 ** 30

/** @throws HvError BAD_ARGUMENT */
export function requireArchitecture(name: typeof arch.name, start: string): void {
  if (arch.name === name) return
  throw badArgument(`${start} is for ${name}, and this host is ${arch.name}`)
}

/** A checked start. */
interface Entry {
  entry: bigint
  stack: bigint
}

/** Of addresses that are mapped. @param tables where they begin @throws HvError BAD_ARGUMENT; VCPU_BUSY, DISPOSED */
export function checkStart(
  vm: Vm,
  vcpu: Vcpu,
  {entry, stack, gibs = DEFAULT_GIBS}: MappedStart,
  tables: number,
): Entry & {gibs: number} {
  const reach = {end: gibs * GIB, defect: `is not mapped: ${gibs} GiB are`, nextStep: 'give more `gibs`'}
  const checked = {...checkReach(vm, vcpu, {entry, stack}, reach), gibs}
  checkTables(tables)
  return checked
}

/** What addresses a mode has. */
interface Reach {
  /** Behind the last of them. */
  readonly end: number
  /** What is wrong with an address that is none of them. */
  readonly defect: string
  readonly nextStep: string
}

/** @throws HvError BAD_ARGUMENT; VCPU_BUSY, DISPOSED */
export function checkReach(
  vm: Vm,
  vcpu: Vcpu,
  {entry, stack}: VcpuStart,
  {end, defect, nextStep}: Reach,
): Entry {
  const within = (value: GuestAddress, last: number): bigint => {
    const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value)
    if (isWhole && value >= 0 && value <= last) return BigInt(value)
    throw badArgument(`address ${value} ${defect}`, nextStep)
  }
  const checked = {entry: within(entry, end - 1), stack: within(stack, end)}
  checkVcpu(vm, vcpu)
  return checked
}

/** @throws HvError BAD_ARGUMENT */
export function checkTables(tables: number): void {
  if (Number.isSafeInteger(tables) && tables >= 0 && tables % TABLE_BYTES === 0) return
  throw badArgument(`tables cannot lie at ${tables}`, `give a multiple of ${TABLE_BYTES}`)
}

/** Writing the tables would replace the code, and the stack would grow into them. @throws HvError BAD_ARGUMENT */
export function checkApart(tables: number, bytes: number, {entry, stack}: Entry): void {
  const holds = (address: bigint): boolean => address >= tables && address < tables + bytes
  const taken = holds(entry) ? 'entry' : holds(stack - 1n) ? 'stack' : undefined
  if (taken === undefined) return
  const message = `${taken} lies in the tables, which have ${bytes} bytes from ${tables} on`
  throw badArgument(message, 'give other `tables`')
}

function checkVcpu(vm: Vm, vcpu: Vcpu): void {
  if (vm.vcpus.includes(vcpu)) return
  // One that is disposed of says so.
  vcpu.registers.getAll()
  throw badArgument('the vCPU is of another VM', 'give the VM that made it')
}
