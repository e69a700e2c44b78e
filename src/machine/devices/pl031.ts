// Pl031: Arm's PrimeCell real-time clock (ARM DDI 0224): seconds since 1970 that a driver reads and sets. It has no alarm.

import type {Device} from './device.ts'

/** As on QEMU's board "virt". */
const CLOCK = 0x09010000
const BYTES = 0x1000

const DATA = 0x00
const LOAD = 0x08
const CONTROL = 0x0c
/** PeriphID0 to 3, PCellID0 to 3. */
const IDENTITY = 0xfe0
const IDENTITY_BYTES = [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
const MS_PER_S = 1000

export class Pl031 implements Device {
  readonly name = 'the clock'
  readonly space = 'memory'
  readonly first = CLOCK
  readonly length = BYTES
  readonly sizes = [4]
  readonly #now: () => number
  /** How far the guest's clock is ahead of the host's, in seconds. */
  #ahead = 0

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  read(offset: number): number {
    if (offset >= IDENTITY) return IDENTITY_BYTES[(offset - IDENTITY) >> 2]
    switch (offset) {
      case DATA:
        return (this.#seconds + this.#ahead) >>> 0
      case CONTROL:
        // It runs from the start, and cannot be stopped.
        return 1
      default:
        return 0
    }
  }

  write(offset: number, value: number): void {
    if (offset === LOAD) this.#ahead = value - this.#seconds
  }

  get #seconds(): number {
    return Math.floor(this.#now() / MS_PER_S)
  }
}
