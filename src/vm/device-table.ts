// DeviceTable: accesses to devices that a vCPU's thread answers itself, so that they do not end its run.

import * as v from 'valibot'
import {badArgument} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVm} from './addon.ts'

/**
 * Where an access goes.
 *
 * @example
 * const status: AccessPlace = {space: 'memory', first: 0x9000018, length: 4}
 * vm.latch(status)
 */
export interface AccessPlace {
  /** `port`: x86_64 only. */
  space: 'port' | 'memory'
  /** A port, or a guest physical address. */
  first: number
  /** Bytes. */
  length: number
}

const accessPlace = takes.options({
  space: takes.oneOf(['port', 'memory']),
  first: takes.anyNumber,
  length: takes.anyNumber,
})
/** What an instruction reads at once, and KVM's accesses that a latch answers. */
const latchLength = v.picklist([1, 2, 4], '1, 2 or 4')

/**
 * What reads of a place return.
 *
 * @example
 * const isReady = vm.latch({space: 'memory', first: 0x9000018, length: 4})
 * isReady.set(0x90)
 */
export interface Latch {
  /** A whole number that fits the place, without a sign. @throws HvError BAD_ARGUMENT, DISPOSED */
  set(value: number): void
}

/**
 * Where a device has two registers of 4 bytes: its interrupt's status, and one for acknowledgements.
 *
 * @example
 * const registers: StatusRegisters = {space: 'memory', status: 0xa000060, acknowledge: 0xa000064}
 */
export interface StatusRegisters {
  /** `port`: x86_64 only. */
  space: 'port' | 'memory'
  /** A port, or a guest physical address. */
  status: number
  acknowledge: number
}

/**
 * An interrupt's status: why a device interrupts, a bit for each cause. The guest reads it, and acknowledges bits by a store; the device's
 * input of the interrupt controller is high while any status of that input is not 0. {@link Irqchip.status} makes them.
 *
 * @example
 * using controlled = Vm.create({memoryBytes: 0x10000, memoryBase: 0x40000000, irqchip: true})
 * using one = controlled.createVcpu()
 * const registers = {space: 'memory', status: 0xa000060, acknowledge: 0xa000064} as const
 * const status: InterruptStatus = controlled.irqchip!.status(20, registers)
 * status.add(1)
 * console.log(status.value) // 1
 */
export interface InterruptStatus {
  readonly value: number
  /** @param causes 32 bits. @throws HvError DISPOSED */
  add(causes: number): void
  /** As the guest's acknowledgement does. */
  remove(causes: number): void
}

/**
 * Called for each posted store. `offset` counts from the place's `first`.
 *
 * @example
 * const print: PostedStore = (_offset, value) => process.stdout.write(String.fromCharCode(value))
 * vm.post({space: 'memory', first: 0x9000000, length: 4}, print)
 */
export type PostedStore = (offset: number, value: number, size: number) => void

/** native/kvm/device_table.h. */
const POSTED_MAX = 4096
const WORDS = 4
const ROWS_MAX = 256
const STATUS_BYTES = 4

/** @internal Vm's */
export class DeviceTable {
  readonly #native: NativeVm
  readonly #listeners: (PostedStore | undefined)[] = []
  #stores: Uint32Array | undefined

  constructor(native: NativeVm) {
    this.#native = native
  }

  latch(place: AccessPlace): Latch {
    const {space, first, length} = checkPlace(place)
    takes.checked(latchLength, length, 'length')
    this.#checkRoom()
    const row = this.#native.addLatch(space === 'port', first, length)
    this.#listeners[row] = undefined
    const most = 2 ** (8 * length) - 1
    let last = 0
    const set = (value: number): void => {
      if (value === last) return
      // A schema for each would cost devices a microsecond an interrupt.
      if (!Number.isInteger(value) || value < 0 || value > most)
        takes.checked(takes.integer(0, most), value, 'value')
      this.#native.setLatch(row, value)
      last = value
    }
    return {set}
  }

  /** @param native throws when the VM is disposed. @param gsi an input that its interrupt controller has */
  status(
    native: () => NativeVm,
    gsi: number,
    {space, status, acknowledge}: StatusRegisters,
  ): InterruptStatus {
    for (const first of [status, acknowledge]) checkPlace({space, first, length: STATUS_BYTES})
    this.#checkRoom(2)
    const row = native().addStatus(space === 'port', status, acknowledge, gsi)
    this.#listeners[row + 1] = undefined
    return {
      get value() {
        return native().status(row)
      },
      add: (causes) => native().changeStatus(row, causes, 0),
      remove: (causes) => native().changeStatus(row, 0, causes),
    }
  }

  post(place: AccessPlace, listener: PostedStore): void {
    const {space, first, length} = checkPlace(place)
    takes.checked(takes.callback, listener, 'listener')
    this.#checkRoom()
    if (this.#stores === undefined) {
      this.#stores = new Uint32Array(POSTED_MAX * WORDS)
      this.#native.onPosted(() => this.deliver())
    }
    this.#listeners[this.#native.addPosted(space === 'port', first, length)] = listener
  }

  /** Tells the listeners of posted stores, in order, and before any other exit of the same vCPU is looked at. */
  deliver(): void {
    const stores = this.#stores
    if (stores === undefined) return
    const count = this.#native.takePosted(stores)
    // A copy: a listener may cause another call of this.
    const taken = stores.slice(0, count * WORDS)
    for (let at = 0; at < taken.length; at += WORDS) {
      this.#listeners[taken[at]]?.(taken[at + 1], taken[at + 3], taken[at + 2])
    }
  }

  /** Listeners are told of no more stores, not even of those already posted. */
  dispose(): void {
    this.#stores = undefined
  }

  #checkRoom(rows = 1): void {
    if (this.#listeners.length + rows <= ROWS_MAX) return
    throw badArgument(`a VM answers ${ROWS_MAX} places by itself at most`, 'let the others exit')
  }
}

/** @throws HvError BAD_ARGUMENT */
function checkPlace(place: AccessPlace): AccessPlace {
  const {space, first, length} = takes.checked(accessPlace, place, 'place') as AccessPlace
  const isRange = Number.isSafeInteger(first) && first >= 0 && Number.isSafeInteger(length) && length > 0
  if (isRange && (space === 'memory' || first + length <= 0x10000)) return {space, first, length}
  throw badArgument(
    `there is no place ${space} ${first}, ${length} bytes`,
    'give a range of ports or of memory',
  )
}
