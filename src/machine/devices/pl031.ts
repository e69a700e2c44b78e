// Pl031: Arm's PrimeCell real-time clock (ARM DDI 0224): seconds since 1970 that a driver reads and sets.

import {Rtc} from './rtc.ts'

/** As on QEMU's board "virt". */
export const PL031 = {first: 0x09010000, length: 0x1000, gsi: 2}

const DATA = 0x00
const LOAD = 0x08
const CONTROL = 0x0c
/** PeriphID0 to 3, PCellID0 to 3. */
const IDENTITY = 0xfe0
const IDENTITY_BYTES = [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
const MS_PER_S = 1000

export class Pl031 extends Rtc {
  readonly place = {name: 'the clock', space: 'memory', ...PL031, sizes: [4]} as const

  read(offset: number): number {
    if (offset >= IDENTITY) return IDENTITY_BYTES[(offset - IDENTITY) >> 2]
    if (offset === DATA) return Math.floor(this.time / MS_PER_S) >>> 0
    // It runs from the start, and cannot be stopped.
    return offset === CONTROL ? 1 : 0
  }

  /** Its seconds go on beginning when the host's do. */
  write(offset: number, value: number): void {
    if (offset === LOAD) this.time = value * MS_PER_S + (this.time % MS_PER_S)
  }
}
