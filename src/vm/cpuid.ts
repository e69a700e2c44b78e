// Cpuid: what an x86_64 vCPU reports of itself: leaves by number, features by name.

import * as v from 'valibot'
import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, printable} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {type CpuidFeature, type CpuidRegister, type FeaturePlace, featurePlaces} from './cpuid-features.ts'
import {hyperVLeaves, withHyperV} from './hyperv-cpuid.ts'
import {orThrow} from './open-error.ts'

export type {CpuidFeature, CpuidRegister} from './cpuid-features.ts'

/** What CPUID gives for a leaf and a subleaf: 32 bits each. @see {@link Cpuid} */
export interface CpuidLeaf {
  /** EAX at the call. */
  readonly leaf: number
  /** ECX at the call; 0 where it does not matter. */
  readonly subleaf: number
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
}

/** 32 bits, or only those of `mask`: the others stay. @see {@link Cpuid} */
export type CpuidBits = number | {mask: number; value: number}

/** Registers of a leaf to change; those that are left out stay as they are. @see {@link Cpuid} */
export interface CpuidChange extends Partial<Record<CpuidRegister, CpuidBits>> {
  leaf: number
  /** 0 by default. */
  subleaf?: number
}

const REGISTERS = ['eax', 'ebx', 'ecx', 'edx'] as const
/** struct kvm_cpuid_entry2: function, index, flags, the four registers, and three words of padding. */
const WORDS = 10
const SIGNIFICANT_INDEX = 1
const ENTRIES_MAX = 256
/** Leaves whose subleaves differ (SDM vol. 2, CPUID). */
const HAVE_SUBLEAVES: readonly number[] = [
  4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1d, 0x1e, 0x1f,
]

const word = takes.integer(0, 2 ** 32 - 1)
const bits = v.optional(
  takes.either([word, takes.options({mask: word, value: word})], '32 bits, or {mask, value} of them'),
)
const change = takes.options({
  leaf: word,
  subleaf: v.optional(word),
  eax: bits,
  ebx: bits,
  ecx: bits,
  edx: bits,
})

/**
 * What an x86_64 vCPU says of itself in CPUID. On arm64, where registers say it, every method fails with BAD_ARGUMENT. At first it is what
 * KVM offers (KVM_GET_SUPPORTED_CPUID). Set it before the first run: KVM takes no change after that. KVM does not check it: a feature that
 * the host lacks is still missing when the guest uses it, and one that is hidden may still work.
 *
 * @example
 * // x86_64 only
 * using machine = Vm.create({memoryBytes: 0x10000})
 * const {cpuid} = machine.createVcpu()
 * cpuid.setFeatures({hypervisor: true, nx: false})
 * cpuid.set({leaf: 1, ebx: {mask: 0xff000000, value: 0x05000000}})
 * console.log(cpuid.has('hypervisor'), cpuid.has('nx')) // true false
 * console.log((cpuid.get(1)?.ebx ?? 0) >>> 24, cpuid.supports('vmx')) // e.g. 5 false
 */
export class Cpuid {
  readonly #native: () => NativeVcpu

  /** @internal Vcpu's @param native the vCPU when it may be touched; throws when not */
  constructor(native: () => NativeVcpu) {
    this.#native = native
  }

  /** @throws HvError BAD_ARGUMENT on arm64, VCPU_BUSY while the vCPU runs, DISPOSED */
  getAll(): CpuidLeaf[] {
    return decode(this.#read()).map(({flags: _, ...leaf}) => leaf)
  }

  /** @returns undefined if there is none. @throws HvError as `getAll` */
  get(leaf: number, subleaf = 0): CpuidLeaf | undefined {
    return this.getAll().find((each) => each.leaf === leaf && each.subleaf === subleaf)
  }

  /**
   * Changes registers of a leaf, which is added with zeros if it was not there.
   * @throws HvError BAD_ARGUMENT also after the vCPU's first run, and beyond 256 leaves; as `getAll`
   */
  set(changed: CpuidChange): void {
    this.#change([takes.checked(change, changed, 'options')])
  }

  /** @throws HvError as `getAll` */
  has(feature: CpuidFeature): boolean {
    return isSet(this.getAll(), placeOf(feature))
  }

  /** Whether the host's KVM offers the feature to guests. @throws HvError BAD_ARGUMENT */
  supports(feature: CpuidFeature): boolean {
    checkArchitecture()
    return isSet(decode(addon.supportedCpuid()), placeOf(feature))
  }

  /** Shows or hides features. @throws HvError as `set` */
  setFeatures(features: Partial<Record<CpuidFeature, boolean>>): void {
    const given = takes.checked(takes.record(takes.anyText, takes.truth, 'an object'), features, 'features')
    this.#change(
      Object.entries(given).map(([name, isOn]) => {
        const [leaf, subleaf, register, bit] = placeOf(name)
        const mask = (1 << bit) >>> 0
        return {leaf, subleaf, [register]: {mask, value: isOn ? mask : 0}}
      }),
    )
  }

  /**
   * Shows the guest Hyper-V's leaves, all that KVM offers (KVM_GET_SUPPORTED_HV_CPUID), from 0x40000000 on; KVM's own are then found from
   * 0x40000100 on. Windows, and Linux, use what these say: reference time, synthetic timers, hypercalls that KVM answers.
   * @throws HvError KVM_UNUSABLE where KVM offers none; as `set`
   *
   * @example
   * // x86_64 only
   * using machine = Vm.create({memoryBytes: 0x10000, irqchip: true})
   * const {cpuid} = machine.createVcpu()
   * if (checkExtension('KVM_CAP_HYPERV_CPUID') > 0) cpuid.showHyperV()
   * console.log(cpuid.get(0x40000001)?.eax.toString(16)) // e.g. 31237648
   */
  showHyperV(): void {
    const entries = decode(this.#read())
    this.#write(withHyperV(entries, decode(hyperVLeaves(this.#native()))))
  }

  #change(changes: CpuidChange[]): void {
    const entries = decode(this.#read())
    for (const changed of changes) apply(entries, changed)
    this.#write(entries)
  }

  #write(entries: readonly Entry[]): void {
    if (entries.length > ENTRIES_MAX) throw badArgument(`CPUID has ${ENTRIES_MAX} leaves at most`)
    const native = this.#native()
    orThrow(
      () => addon.writeVcpuPart(native, part(), encode(entries)),
      (cause) => {
        const message = `KVM does not take this CPUID: ${cause.message}`
        return badArgument(message, 'set it before the first run of the vCPU', {cause})
      },
    )
  }

  #read(): Uint8Array {
    checkArchitecture()
    return addon.readVcpuPart(this.#native(), part())
  }
}

type Entry = {-readonly [Key in keyof CpuidLeaf]: CpuidLeaf[Key]} & {flags: number}

const part = (): number => addon.vcpuParts.indexOf('cpuid')

function checkArchitecture(): void {
  if (arch.name === 'x86_64') return
  throw badArgument(`vCPUs of ${arch.name} have no CPUID`, 'read the registers id_aa64*')
}

function placeOf(name: string): FeaturePlace {
  const place = featurePlaces.get(name)
  if (place !== undefined) return place
  const names = [...featurePlaces.keys()].join(' ')
  throw badArgument(`there is no feature ${printable(String(name))}`, `one of: ${names}`)
}

function isSet(entries: readonly CpuidLeaf[], [leaf, subleaf, register, bit]: FeaturePlace): boolean {
  const entry = entries.find((each) => each.leaf === leaf && each.subleaf === subleaf)
  return entry !== undefined && ((entry[register] >>> bit) & 1) === 1
}

function apply(entries: Entry[], changed: CpuidChange): void {
  const {leaf, subleaf = 0} = changed
  let entry = entries.find((each) => each.leaf === leaf && each.subleaf === subleaf)
  if (entry === undefined) {
    const flags = HAVE_SUBLEAVES.includes(leaf) || subleaf > 0 ? SIGNIFICANT_INDEX : 0
    entry = {leaf, subleaf, flags, eax: 0, ebx: 0, ecx: 0, edx: 0}
    entries.push(entry)
  }
  for (const register of REGISTERS) {
    const given = changed[register]
    if (given === undefined) continue
    const {mask, value} = typeof given === 'number' ? {mask: 0xffffffff, value: given} : given
    entry[register] = ((entry[register] & ~mask) | (value & mask)) >>> 0
  }
}

function decode(bytes: Uint8Array): Entry[] {
  const words = new Uint32Array(bytes.slice().buffer)
  return Array.from({length: words.length / WORDS}, (_, index) => {
    const [leaf, subleaf, flags, eax, ebx, ecx, edx] = words.subarray(index * WORDS)
    return {leaf, subleaf, flags, eax, ebx, ecx, edx}
  })
}

function encode(entries: readonly Entry[]): Uint8Array {
  const words = new Uint32Array(entries.length * WORDS)
  for (const [index, {leaf, subleaf, flags, eax, ebx, ecx, edx}] of entries.entries()) {
    words.set([leaf, subleaf, flags, eax, ebx, ecx, edx], index * WORDS)
  }
  return new Uint8Array(words.buffer)
}
