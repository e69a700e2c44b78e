// Msrs: a vCPU's model-specific registers by number (x86_64).

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {badArgument, type HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {orThrow} from './open-error.ts'
import {checkWord} from './registers.ts'

const msrIndex = takes.integer(0, 2 ** 32 - 1)

/**
 * The model-specific registers of an x86_64 vCPU, by number, as unsigned bigints. SDM vol. 4 lists them. On arm64, where system registers
 * have names, everything fails with BAD_ARGUMENT.
 *
 * @example
 * // x86_64 only
 * const LSTAR = 0xc0000082
 * vcpu.msrs.set(LSTAR, 0x5000n)
 * console.log(vcpu.msrs.get(LSTAR), vcpu.msrs.indexes.includes(LSTAR)) // 20480n true
 */
export class Msrs {
  readonly #native: () => NativeVcpu

  /** @internal Vcpu's @param native the vCPU when it may be touched; throws when not */
  constructor(native: () => NativeVcpu) {
    this.#native = native
  }

  /** Those that KVM saves (KVM_GET_MSR_INDEX_LIST); there may be others. @throws HvError BAD_ARGUMENT on arm64 */
  get indexes(): number[] {
    checkArchitecture()
    return Array.from(addon.msrIndexes())
  }

  /** @throws HvError BAD_ARGUMENT for one that this vCPU does not have, or on arm64; VCPU_BUSY while it runs; DISPOSED */
  get(index: number): bigint {
    const native = this.#of(index)
    return orThrow(() => addon.readMsr(native, index), refused)
  }

  /** @throws HvError BAD_ARGUMENT also for a value that KVM refuses; as `get` */
  set(index: number, value: bigint): void {
    const native = this.#of(index)
    checkWord(`MSR 0x${index.toString(16)}`, value)
    orThrow(() => addon.writeMsr(native, index, value), refused)
  }

  #of(index: number): NativeVcpu {
    checkArchitecture()
    takes.checked(msrIndex, index, 'index')
    return this.#native()
  }
}

function checkArchitecture(): void {
  if (arch.name === 'x86_64') return
  const message = `vCPUs of ${arch.name} have no model-specific registers`
  throw badArgument(message, 'use the system registers of vcpu.registers')
}

const refused = (cause: Error): HvError => badArgument(cause.message, 'see `indexes`', {cause})
