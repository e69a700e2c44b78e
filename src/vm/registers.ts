// Registers of a vCPU by name. The architecture decides which there are: README.md in this folder.

import {EOPNOTSUPP} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import {checked, plainObject} from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {type Failure, orThrow} from './open-error.ts'
import type {RegisterName} from './register-names.ts'

export type {Arm64Register, RegisterName, X86Register} from './register-names.ts'

/** Some registers and their values: unsigned, 64 bits at most. @see {@link Registers} */
export type RegisterValues = Partial<Record<RegisterName, bigint>>

const registerValues = plainObject('an object of registers and bigints')
const MAX = 2n ** 64n - 1n

const indexes = new Map(addon.registerNames.map((name, index) => [name, index]))

/**
 * The registers of a vCPU, by name, as unsigned bigints.
 *
 * @example
 * const name = process.arch === 'arm64' ? 'x1' : 'rax'
 * vcpu.registers.set({[name]: 7n})
 * console.log(vcpu.registers.get(name), vcpu.registers.getAll()[name]) // 7n 7n
 */
export class Registers {
  readonly #native: () => NativeVcpu

  /** @param native the vCPU when it may be touched; throws when not */
  constructor(native: () => NativeVcpu) {
    this.#native = native
  }

  /** @throws HvError BAD_ARGUMENT for an unknown name, VCPU_BUSY while the vCPU runs, DISPOSED */
  get(name: RegisterName): bigint {
    const native = this.#native()
    const out = new BigUint64Array(1)
    native.readRegisters(Uint32Array.of(indexOf(native, name)), out)
    return out[0]
  }

  /** All that this vCPU has, by name; `set` takes what it returns. @throws HvError VCPU_BUSY, DISPOSED */
  getAll(): Record<RegisterName, bigint> {
    const native = this.#native()
    const names = namesOf(native)
    const out = new BigUint64Array(names.length)
    native.readRegisters(Uint32Array.from(names.keys()), out)
    const entries = names.map((name, index) => [name, out[index]])
    return Object.fromEntries(entries) as Record<RegisterName, bigint>
  }

  /**
   * Sets registers together, all or none; the others keep their values. Unsigned: `-1n` is refused.
   * @throws HvError BAD_ARGUMENT for an unknown name, a value that does not fit, or a state that the processor cannot be in; KVM_UNUSABLE
   * for 32-bit paging on a PVM host; VCPU_BUSY while the vCPU runs; DISPOSED
   */
  set(values: RegisterValues): void {
    checked(registerValues, values, 'values')
    const native = this.#native()
    const entries = Object.entries(values)
    const names = Uint32Array.from(entries, ([name]) => indexOf(native, name))
    const numbers = BigUint64Array.from(entries, ([name, value]) => checkWord(name, value))
    orThrow(() => native.writeRegisters(names, numbers), refusal)
  }
}

function refusal(error: Failure): HvError {
  const options = {cause: error}
  switch (error.errno) {
    case undefined:
      return badArgument(error.message, '', options)
    case EOPNOTSUPP:
      return new HvError(
        'KVM_UNUSABLE',
        error.message.split(':')[0],
        'use a host with VT-x or SVM for 32-bit paging',
        options,
      )
    default: {
      const message = `KVM refuses this state of the registers: ${error.message}`
      return badArgument(message, '', options)
    }
  }
}

const namesOf = (native: NativeVcpu): readonly string[] => addon.registerNames.slice(0, native.registerCount)

function indexOf(native: NativeVcpu, name: string): number {
  const index = indexes.get(name)
  if (index !== undefined && index < native.registerCount) return index
  throw badArgument(`there is no register ${name}`, `one of: ${namesOf(native).join(' ')}`)
}

/** @throws HvError BAD_ARGUMENT for what is no unsigned bigint of 64 bits */
export function checkWord(name: string, value: unknown): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= MAX) return value
  const shown = typeof value === 'bigint' ? `${value}n` : String(value)
  throw badArgument(`${name} cannot be ${shown}`, 'give a bigint from 0n to 2n ** 64n - 1n')
}
