// Ioeventfds: guest stores that KVM itself answers by signalling an eventfd (api.rst, KVM_IOEVENTFD).

import * as v from 'valibot'
import {addon} from '../addon.ts'
import {badArgument, type HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeEventfd, NativeVm} from './addon.ts'
import {type Eventfds, refusedEventfd, requireListening} from './eventfd.ts'

/** Which stores of the guest signal an eventfd. @see {@link Ioeventfd} */
export interface IoeventfdPlace {
  /** `port`: x86_64 only. */
  space: 'port' | 'memory'
  /** A port, or a guest physical address, where the store begins. */
  address: number
  /** Bytes of the store: 1, 2, 4 or 8. Default: any, where the host can ({@link EventfdLimits.anyLength}). */
  length?: number
  /** KVM's datamatch: only stores of this value; others are exits. Needs `length`. */
  value?: number | bigint
}

/**
 * An eventfd that KVM signals when the guest stores something; {@link Vm.ioeventfd} makes them.
 *
 * @example
 * using doorbell = vm.ioeventfd({space: 'memory', address: 0x9000, length: 1, value: 42}, (count) => console.log(count))
 * console.log(doorbell.fd > 2) // true
 */
export interface Ioeventfd extends Disposable {
  /** For others that wait on it: a child process, vhost. It is open until this object is disposed of. */
  readonly fd: number
}

/**
 * Is called with `count`, the number of stores since the last call.
 *
 * @example
 * let stores = 0
 * const listener: IoeventfdListener = (count) => {
 *   stores += count
 * }
 * vm.ioeventfd({space: 'memory', address: 0x9000}, listener)
 */
export type IoeventfdListener = (count: number) => void

const ioeventfdPlace = takes.options({
  space: takes.oneOf(['port', 'memory']),
  address: takes.integer(0, Number.MAX_SAFE_INTEGER),
  length: v.optional(takes.integer(1, 8)),
  value: v.optional(takes.either([takes.anyNumber, v.bigint()], 'a number or a bigint')),
})

const LENGTHS = [1, 2, 4, 8]
const PORTS = 0x10000

export class Ioeventfds {
  readonly #native: NativeVm
  readonly #eventfds: Eventfds
  readonly #listeners = new Map<NativeEventfd, IoeventfdListener>()
  /** The descriptors of the listeners' eventfds. */
  #fds = new Int32Array()

  constructor(native: NativeVm, eventfds: Eventfds) {
    this.#native = native
    this.#eventfds = eventfds
  }

  add(place: IoeventfdPlace, listener?: IoeventfdListener): Ioeventfd {
    const {space, address, length = 0, value} = checkPlace(place)
    if (listener !== undefined) {
      takes.checked(takes.callback, listener, 'listener')
      requireListening()
    }
    const eventfd = this.#eventfds.make()
    const matched = value === undefined ? undefined : BigInt(value)
    const set = (isOn: boolean): void =>
      this.#native.setIoeventfd(eventfd, isOn, space === 'port', address, length, matched)
    try {
      set(true)
      if (listener !== undefined) this.#hear(eventfd, listener)
    } catch (error) {
      this.#eventfds.forget(eventfd)
      throw refusedEventfd(error, `the ioeventfd of ${space} 0x${address.toString(16)}`)
    }
    return {
      fd: eventfd.fd,
      [Symbol.dispose]: () => {
        if (!this.#eventfds.has(eventfd)) return
        set(false)
        this.#hear(eventfd, undefined)
        this.#eventfds.forget(eventfd)
      },
    }
  }

  /** Tells the listeners of signals that they were not told of yet, before an exit of the same vCPU is looked at. */
  deliver(): void {
    if (this.#fds.length === 0 || !addon.anyReadable(this.#fds)) return
    for (const [eventfd, listener] of [...this.#listeners]) {
      // An earlier listener may have disposed of it.
      if (!this.#eventfds.has(eventfd)) continue
      const count = eventfd.take()
      if (count > 0) listener(count)
    }
  }

  /** No listener is told any more. */
  dispose(): void {
    this.#listeners.clear()
    this.#fds = new Int32Array()
  }

  #hear(eventfd: NativeEventfd, listener: IoeventfdListener | undefined): void {
    if (listener === undefined) this.#listeners.delete(eventfd)
    else {
      eventfd.listen(listener)
      this.#listeners.set(eventfd, listener)
    }
    this.#fds = Int32Array.from(this.#listeners.keys(), ({fd}) => fd)
  }
}

function checkPlace(place: IoeventfdPlace): IoeventfdPlace {
  const checked = takes.checked(ioeventfdPlace, place, 'place')
  const {space, address, length, value} = checked
  if (length !== undefined && !LENGTHS.includes(length)) throw bad(`no store has ${length} bytes`)
  if (space === 'port' && address + (length ?? 1) > PORTS) throw bad(`there is no port ${address}`)
  if (value === undefined) return checked
  if (length === undefined) throw bad('a value is one of a length')
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isWhole || value < 0 || BigInt(value) >= 1n << BigInt(8 * length)) {
    throw bad(`${value} is no value of ${length} bytes`)
  }
  return checked
}

const bad = (message: string): HvError =>
  badArgument(message, 'give 1, 2, 4 or 8 bytes, and a value that they hold')
