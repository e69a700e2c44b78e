// Bus: finds the device that an exit accesses, or reports that there is none; Device: what answers.

import {HvError} from '../errors.ts'
import type {IoExit, MmioExit} from '../vm/exit.ts'

/** Where a device is: a range of ports or of addresses. @see {@link BusDevice} */
export interface DevicePlace {
  /** The device's, for messages. */
  readonly name: string
  readonly space: 'port' | 'memory'
  /** Port, or guest physical address. */
  readonly first: number
  readonly length: number
  /** The access sizes that it understands, in bytes. */
  readonly sizes: readonly number[]
}

/**
 * How a device goes into a snapshot of its machine ({@link Machine}).
 *
 * @example
 * let count = 0
 * const counter: Savable = {
 *   save: () => ({count}),
 *   restore(state) {
 *     count = Number((state as {count: unknown}).count)
 *   },
 * }
 */
export interface Savable {
  /** Its state: named fields that JSON holds. @throws HvError BAD_ARGUMENT when it cannot be saved now */
  save?(): object
  /** Takes it over, in a new machine that does not run yet. @param state untrusted @throws HvError BAD_ARGUMENT */
  restore?(state: unknown): void
}

/**
 * Answers accesses to its place: from the {@link Bus}, or in a kernel's machine ({@link KernelOptions}).
 *
 * @example
 * let count = 0
 * const counter: BusDevice = {
 *   place: {name: 'the counter', space: 'port', first: 0x600, length: 4, sizes: [1, 4]},
 *   read: (offset) => (offset === 0 ? ++count : 0),
 *   write: (_offset, value) => void (count = value),
 * }
 * const options: KernelOptions = {kernel: '/boot/vmlinuz', devices: [counter]}
 */
export interface Device extends Savable {
  readonly place: DevicePlace
  /** @param offset from `first` @returns as many of its low bytes as were asked for are used */
  read(offset: number): number
  write(offset: number, value: number): void
}

/** A device as the kernel is told of it. */
export interface PlacedDevice {
  readonly kind: 'serial' | 'clock' | 'virtio'
  /** Guest physical; a port for a serial line of x86_64. */
  readonly first: number
  readonly length: number
  /** The input of the interrupt controller. */
  readonly gsi: number
}

/**
 * Devices by their places: give it a VM's exits.
 *
 * @example
 * const place: DevicePlace = {name: 'the answer', space: 'memory', first: 0x9000, length: 1, sizes: [1]}
 * const bus = new Bus([{place, read: () => 42, write: (offset, value) => console.log(offset, value)}]) // 0 42
 * const exit = vcpu.run()
 * if (exit.kind === 'io' || exit.kind === 'mmio') bus.handle(exit)
 */
export class Bus {
  readonly #devices: readonly Device[]
  readonly #onNobody: (() => void) | undefined

  /** @param onNobody called when no device answers: reads then return all bits set, as on a PC; without it, that is an error */
  constructor(devices: readonly Device[], onNobody?: () => void) {
    this.#devices = devices
    this.#onNobody = onNobody
  }

  /** Carries out the exit's accesses, in order. @throws HvError VCPU_FAILED when no device answers */
  handle(exit: IoExit | MmioExit): void {
    const isPort = exit.kind === 'io'
    const address = isPort ? exit.port : exit.address
    const size = isPort ? exit.size : exit.data.length
    const isWrite = isPort ? exit.direction === 'out' : exit.isWrite
    const device = this.#find(isPort ? 'port' : 'memory', address, size, isWrite)
    if (device === undefined) {
      if (!isWrite) exit.data.fill(0xff)
      return
    }
    const offset = address - device.place.first
    for (let at = 0; at < exit.data.length; at += size) {
      const item = exit.data.subarray(at, at + size)
      if (isWrite) device.write(offset, toNumber(item))
      else fill(item, device.read(offset))
    }
  }

  #find(space: DevicePlace['space'], address: number, size: number, isWrite: boolean): Device | undefined {
    const found = this.#devices.find(
      ({place}) => place.space === space && address >= place.first && address < place.first + place.length,
    )
    if (found?.place.sizes.includes(size)) return found
    if (this.#onNobody !== undefined) {
      this.#onNobody()
      return undefined
    }

    const access = `${isWrite ? 'wrote' : 'read'} ${size} byte${size === 1 ? '' : 's'}`
    const at = `${space === 'port' ? 'port' : 'guest physical address'} 0x${address.toString(16)}`
    const defect =
      found === undefined
        ? 'there is no device'
        : `${found.place.name} takes ${found.place.sizes.join(' or ')}`
    throw new HvError('VCPU_FAILED', `the guest ${access} at ${at}, where ${defect}`, 'correct the guest')
  }
}

/** Exact for up to 4 bytes, and no device takes more. */
function toNumber(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
}

function fill(bytes: Uint8Array, value: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(value / 256 ** i) % 256
}
