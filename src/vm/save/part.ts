// Part: one part of the state of a vCPU or a VM: its fields by name, and its bytes.

import {badArgument} from '../../errors.ts'
import {checked, bytes as someBytes} from '../../options.ts'
import {checkWord} from '../registers.ts'
import {type Field, LAYOUTS, type Layout} from './part-layouts.ts'
import {type Owner, readPart, writePart} from './parts.ts'

const NO_FIELDS: Layout = new Map()

/**
 * One part of KVM's state of a vCPU or of a VM. Fields have the names of KVM's structures (linux/kvm.h, asm/kvm.h) with hyphens, those of
 * a local APIC the SDM's (vol. 3, table 12-1); their values are unsigned bigints. Some parts have bytes alone.
 *
 * @example
 * const state = vcpu.part('mp-state')
 * console.log(state.names, state.get('mp-state')) // [ 'mp-state' ] 0n
 * state.set({'mp-state': 0n})
 * console.log(state.read().length) // 4
 */
export class Part {
  readonly #name: string
  readonly #owner: () => Owner
  readonly #layout: Layout

  /** @internal Vcpu.part and Vm.part make them. @throws HvError BAD_ARGUMENT */
  constructor(name: string, owner: () => Owner) {
    const {names} = owner()
    if (!names.includes(name)) throw badArgument(`there is no part ${name}`, `one of: ${names.join(' ')}`)
    this.#name = name
    this.#owner = owner
    this.#layout = LAYOUTS[name] ?? NO_FIELDS
  }

  /** Of its fields; empty for a part that has bytes alone. */
  get names(): string[] {
    return [...this.#layout.keys()]
  }

  /** KVM's structure. @throws HvError BAD_ARGUMENT when this vCPU or VM has no such part; VCPU_FAILED, VCPU_BUSY, DISPOSED */
  read(): Uint8Array {
    const bytes = readPart(this.#owner(), this.#name)
    if (bytes.length > 0) return bytes
    throw badArgument(
      `there is no ${this.#name} here`,
      'some parts come with an `irqchip`, or with a newer KVM',
    )
  }

  /** @throws HvError BAD_ARGUMENT for what KVM refuses; as `read` */
  write(bytes: Uint8Array): void {
    checked(someBytes, bytes, 'bytes')
    writePart(this.#owner(), this.#name, bytes)
  }

  /** @throws HvError BAD_ARGUMENT for an unknown name; as `read` */
  get(name: string): bigint {
    return valueIn(this.read(), this.#field(name))
  }

  /** All fields, by name. @throws HvError as `read` */
  getAll(): Record<string, bigint> {
    const bytes = this.read()
    return Object.fromEntries(Array.from(this.#layout, ([name, field]) => [name, valueIn(bytes, field)]))
  }

  /** Sets fields together; the others keep their values. @throws HvError BAD_ARGUMENT for an unknown name, or what does not fit; as `write` */
  set(values: Readonly<Record<string, bigint>>): void {
    const bytes = this.read()
    for (const [name, value] of Object.entries(values)) {
      const {offset, bytes: width} = this.#field(name)
      if (offset + width > bytes.length) throw badArgument(`this ${this.#name} has no ${name}`)
      if (checkWord(name, value) >> BigInt(8 * width) !== 0n)
        throw badArgument(`${name} has ${8 * width} bits`)
      for (let i = 0; i < width; i++) bytes[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn)
    }
    this.write(bytes)
  }

  #field(name: string): Field {
    const field = this.#layout.get(name)
    if (field !== undefined) return field
    const nextStep = this.#layout.size > 0 ? `one of: ${this.names.join(' ')}` : 'use `read` and `write`'
    throw badArgument(`${this.#name} has no field ${name}`, nextStep)
  }
}

function valueIn(bytes: Uint8Array, {offset, bytes: width}: Field): bigint {
  let value = 0n
  for (let i = width; i-- > 0; ) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0)
  return value
}
