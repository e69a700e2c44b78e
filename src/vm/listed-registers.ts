// ListedRegisters: every register that KVM lists of an arm64 vCPU, by name (api.rst, KVM_GET_REG_LIST, KVM_GET_ONE_REG, KVM_SET_ONE_REG).

import {errnoName} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, HvError, printable} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {systemRegisterName} from './system-registers.ts'

/** The numbers of KVM_GET_REG_LIST, KVM_GET_ONE_REG and KVM_SET_ONE_REG. */
const [GET_LIST, GET_ONE, SET_ONE] = [0xc008aeb0, 0x4010aeab, 0x4010aeac]
/** struct kvm_one_reg: the id, and the address of the value. */
const VALUE_AT = 8
/** KVM lists some 400 at most. */
const LISTED_MAX = 4096

const values = takes.plainObject('an object of registers and bigints')

/**
 * Every register that KVM lists of an arm64 vCPU, by name, as unsigned bigints of up to 2048 bits: general and vector registers, all system
 * registers by the Arm ARM's names, KVM's own. README.md of src/vm tells the names. {@link Vcpu.registers} has those that guests are started
 * with, on both architectures.
 *
 * @example
 * // arm64 only
 * const {listedRegisters} = vcpu
 * console.log(listedRegisters.names.includes('actlr_el1'), listedRegisters.bits('v0')) // true 128
 * listedRegisters.set({afsr0_el1: 7n})
 * console.log(listedRegisters.get('afsr0_el1')) // 7n
 */
export class ListedRegisters {
  readonly #native: () => NativeVcpu
  #ids: ReadonlyMap<string, bigint> | undefined

  /** @internal Vcpu's @param native the vCPU when it may be touched; throws when not */
  constructor(native: () => NativeVcpu) {
    this.#native = native
  }

  /** In KVM's order. @throws HvError BAD_ARGUMENT on x86_64; VCPU_BUSY while it runs; DISPOSED */
  get names(): string[] {
    return [...this.#all().keys()]
  }

  /** KVM's number for it. @throws HvError BAD_ARGUMENT for an unknown name; as `names` */
  id(name: string): bigint {
    const id = this.#all().get(name)
    if (id !== undefined) return id
    throw badArgument(
      `KVM lists no register ${printable(String(name))} here`,
      '`names` has those that there are',
    )
  }

  /** How wide it is: from 8 to 2048. @throws HvError as `id` */
  bits(name: string): number {
    return 8 * bytesOf(this.id(name))
  }

  /** @throws HvError as `id` */
  get(name: string): bigint {
    return read(this.#native(), name, this.id(name))
  }

  /** All, by name. @throws HvError as `names` */
  getAll(): Record<string, bigint> {
    const native = this.#native()
    return Object.fromEntries(Array.from(this.#all(), ([name, id]) => [name, read(native, name, id)]))
  }

  /**
   * Sets registers one after another, all or none; the others keep their values.
   * @throws HvError BAD_ARGUMENT for an unknown name, a value that does not fit, or one that KVM refuses, as most of what describes the
   * processor; as `names`
   */
  set(registers: Readonly<Record<string, bigint>>): void {
    takes.checked(values, registers, 'registers')
    const native = this.#native()
    const wanted = Object.entries(registers).map(([name, value]) => {
      const id = this.id(name)
      return {name, id, bytes: toBytes(name, value, bytesOf(id))}
    })
    const before = wanted.map(({name, id}) => toBytes(name, read(native, name, id), bytesOf(id)))
    for (const [index, {name, id, bytes}] of wanted.entries()) {
      const errno = transfer(native, SET_ONE, id, bytes)
      if (errno === 0) continue
      // KVM accepts the values that it gave.
      for (let at = index; at-- > 0; ) transfer(native, SET_ONE, wanted[at].id, before[at])
      throw badArgument(`KVM refuses ${name} = 0x${registers[name].toString(16)}: ${errnoName(errno)}`)
    }
  }

  #all(): ReadonlyMap<string, bigint> {
    const native = this.#native()
    this.#ids ??= listOf(native)
    return this.#ids
  }
}

function listOf({fd}: NativeVcpu): ReadonlyMap<string, bigint> {
  if (arch.name !== 'arm64') {
    const nextStep = 'use `registers`, `vectors`, `msrs` and `cpuid`'
    throw badArgument(`this host is ${arch.name}, whose registers KVM does not list`, nextStep)
  }
  // struct kvm_reg_list: how many fit, or there are, and their ids.
  const list = new BigUint64Array(1 + LISTED_MAX)
  list[0] = BigInt(LISTED_MAX)
  const result = addon.rawIoctl(fd, GET_LIST, new Uint8Array(list.buffer), [], [])
  if (result < 0) throw new HvError('VCPU_FAILED', `KVM_GET_REG_LIST failed: ${errnoName(-result)}`)
  const ids = list.subarray(1, 1 + Number(list[0]))
  return new Map(Array.from(ids, (id) => [nameOf(id), id]))
}

/** KVM_REG_SIZE_MASK. */
const bytesOf = (id: bigint): number => 2 ** Number((id >> 52n) & 0xfn)

/** KVM_REG_ARM_COPROC_MASK: what the low 16 bits number. */
const KINDS: Readonly<Record<number, (index: number) => string | undefined>> = {
  16: coreName,
  17: (index) => `ccsidr_el1:${index}`,
  19: systemRegisterName,
  20: (index) => firmwareName(['psci_version', ...workarounds], index),
  21: sveName,
  22: (index) => firmwareName(['std_bmap', 'std_hyp_bmap', 'vendor_hyp_bmap', 'vendor_hyp_bmap_2'], index),
}
const workarounds = [1, 2, 3].map((number) => `smccc_arch_workaround_${number}`)

function nameOf(id: bigint): string {
  const kind = Number((id >> 16n) & 0xfffn)
  return KINDS[kind]?.(Number(id & 0xffffn)) ?? `id:0x${id.toString(16)}`
}

const firmwareName = (all: readonly string[], index: number): string | undefined =>
  all[index] === undefined ? undefined : `fw:${all[index]}`

/** struct kvm_regs, in words of 32 bits. */
function coreName(word: number): string | undefined {
  const [SP, SP_EL1, V0, FPSR] = [62, 68, 84, 212]
  if (word < SP) return `x${word / 2}`
  if (word < SP_EL1) return ['sp_el0', 'pc', 'pstate'][(word - SP) / 2]
  if (word < V0)
    return ['sp_el1', 'elr_el1', ...['el1', 'abt', 'und', 'irq', 'fiq'].map((mode) => `spsr_${mode}`)][
      (word - SP_EL1) / 2
    ]
  return word < FPSR ? `v${(word - V0) / 4}` : ['fpsr', 'fpcr'][word - FPSR]
}

/** KVM_REG_ARM64_SVE_*: a slice in the lowest five bits, of which there is one. */
function sveName(index: number): string | undefined {
  const [P0, FFR, LENGTHS] = [0x400, 0x600, 0xffff]
  if (index === LENGTHS) return 'sve_vls'
  if (index % 32 !== 0) return undefined
  if (index < P0) return `z${index / 32}`
  return index < FFR ? `p${(index - P0) / 32}` : 'ffr'
}

/** @returns 0 or an errno */
function transfer({fd}: NativeVcpu, request: number, id: bigint, bytes: Uint8Array): number {
  return -Math.min(
    0,
    addon.rawIoctl(fd, request, new Uint8Array(BigUint64Array.of(id, 0n).buffer), [VALUE_AT], [bytes]),
  )
}

function read(native: NativeVcpu, name: string, id: bigint): bigint {
  const bytes = new Uint8Array(bytesOf(id))
  const errno = transfer(native, GET_ONE, id, bytes)
  if (errno !== 0) throw new HvError('VCPU_FAILED', `KVM does not give ${name}: ${errnoName(errno)}`)
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function toBytes(name: string, value: unknown, length: number): Uint8Array {
  if (typeof value !== 'bigint' || value < 0n || value >> BigInt(8 * length) !== 0n) {
    throw badArgument(`${name} cannot be ${String(value)}`, `give a bigint of ${8 * length} bits, unsigned`)
  }
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex').reverse()
}
