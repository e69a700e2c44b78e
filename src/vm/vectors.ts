// Vectors: a vCPU's floating-point and vector registers by name, as bytes.

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, printable} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {arm64Places, type Place, type Places} from './arm64-vectors.ts'
import {orThrow} from './open-error.ts'
import {XSTATE_BV, x86Places} from './x86-vectors.ts'

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type UpTo15 = Digit | `1${'0' | '1' | '2' | '3' | '4' | '5'}`
type UpTo31 = Digit | `${'1' | '2'}${Digit}` | '30' | '31'

/**
 * The name of a floating-point or vector register. x86_64: `st0` to `st7` (10 bytes; from the top of the stack on), `fcw` and `fsw` (2),
 * `mxcsr` (4), `xmm0` to `xmm15` (16); where the host has AVX, `ymm0` to `ymm15` (32); where it has AVX-512, `zmm0` to `zmm31` (64), `xmm16`
 * and `ymm16` to `xmm31` and `ymm31`, and `k0` to `k7` (8); where it has protection keys, `pkru` (4); in a VM with AMX `tilecfg` (64) and `tmm0`
 * to `tmm7` (1024: 16 rows). arm64: `v0` to `v31` (16), `fpsr`
 * and `fpcr` (4), and in a VM with SVE `z0` to `z31` (as long as the longest vector), `p0` to `p15` and `ffr` (a bit for each byte of it).
 * @see {@link Vectors}
 */
export type VectorName =
  | `st${'0' | '1' | '2' | '3' | '4' | '5' | '6' | '7'}`
  | 'fcw'
  | 'fsw'
  | 'mxcsr'
  | `xmm${UpTo31}`
  | `ymm${UpTo31}`
  | `zmm${UpTo31}`
  | `k${'0' | '1' | '2' | '3' | '4' | '5' | '6' | '7'}`
  | 'pkru'
  | 'tilecfg'
  | `tmm${'0' | '1' | '2' | '3' | '4' | '5' | '6' | '7'}`
  | `v${UpTo31}`
  | `z${UpTo31}`
  | `p${UpTo15}`
  | 'ffr'
  | 'fpsr'
  | 'fpcr'

/** Some floating-point and vector registers and their bytes, little-endian. @see {@link Vectors} */
export type VectorValues = Partial<Record<VectorName, Uint8Array>>

const isX86 = arch.name === 'x86_64'
const placesIn = (area: Uint8Array): Places => (isX86 ? x86Places(area) : arm64Places(area.length))

const vectorValues = takes.record(takes.anyText, takes.bytes, 'an object of registers and bytes')

/**
 * The floating-point and vector registers of a vCPU, by name, as little-endian bytes.
 *
 * @example
 * const wide: VectorName = process.arch === 'arm64' ? 'v0' : 'xmm0'
 * vcpu.vectors.set({[wide]: new Uint8Array(16).fill(7)})
 * console.log(vcpu.vectors.get(wide)[15], vcpu.vectors.names.includes(wide)) // 7 true
 */
export class Vectors {
  readonly #native: () => NativeVcpu

  /** @internal Vcpu's @param native the vCPU when it may be touched; throws when not */
  constructor(native: () => NativeVcpu) {
    this.#native = native
  }

  /** Those that this vCPU has. @throws HvError VCPU_BUSY while it runs, DISPOSED */
  get names(): VectorName[] {
    return namesOf(this.readArea()) as VectorName[]
  }

  /** A copy. @throws HvError BAD_ARGUMENT for an unknown name; as `names` */
  get(name: VectorName): Uint8Array {
    const area = this.readArea()
    return bytesOf(area, placesOf(area, name))
  }

  /** All, by name; `set` takes what it returns. @throws HvError as `names` */
  getAll(): VectorValues {
    const area = this.readArea()
    return Object.fromEntries(namesOf(area).map((name) => [name, bytesOf(area, placesOf(area, name))]))
  }

  /**
   * Sets registers together, all or none; the others keep their values. The lower half of a `ymm` is its `xmm`,
   * that of a `zmm` its `ymm`, the lower end of a `z` its `v`.
   * @throws HvError BAD_ARGUMENT for an unknown name, another length, or what KVM refuses; as `names`
   */
  set(values: VectorValues): void {
    const given = Object.entries(takes.checked(vectorValues, values, 'values'))
    const area = this.readArea()
    for (const [name, bytes] of given) put(area, name, bytes)
    this.writeArea(area)
  }

  /** @internal All, in KVM's form: see VmAddon.readVectors. @throws HvError as `names` */
  readArea(): Uint8Array {
    return addon.readVectors(this.#native())
  }

  /** @internal @throws HvError as `set` */
  writeArea(area: Uint8Array): void {
    const native = this.#native()
    orThrow(
      () => addon.writeVectors(native, area),
      (cause) => badArgument(`KVM refuses these registers: ${cause.message}`, '', {cause}),
    )
  }
}

const namesOf = (area: Uint8Array): string[] => [...placesIn(area).keys()]

function placesOf(area: Uint8Array, name: string): readonly Place[] {
  const found = placesIn(area).get(name)
  if (found !== undefined) return found
  const message = `there is no floating-point or vector register ${printable(String(name))}`
  throw badArgument(message, `one of: ${namesOf(area).join(' ')}`)
}

const lengthOf = (parts: readonly Place[]): number => parts.reduce((sum, {length}) => sum + length, 0)

function bytesOf(area: Uint8Array, parts: readonly Place[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts))
  let at = 0
  for (const {offset, length} of parts) {
    bytes.set(area.subarray(offset, offset + length), at)
    at += length
  }
  return bytes
}

function put(area: Uint8Array, name: string, bytes: Uint8Array): void {
  const parts = placesOf(area, name)
  const wanted = lengthOf(parts)
  if (bytes.length !== wanted) {
    throw badArgument(`${name} has ${wanted} bytes, not ${bytes.length}`, `give ${wanted} bytes`)
  }
  let at = 0
  for (const {offset, length, component} of parts) {
    area.set(bytes.subarray(at, at + length), offset)
    at += length
    if (isX86) area[XSTATE_BV + (component >> 3)] |= 1 << (component & 7)
  }
}
