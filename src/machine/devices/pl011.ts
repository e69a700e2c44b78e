// Pl011: the part of Arm's PrimeCell UART (ARM DDI 0183) that a polling driver uses; the rest is stored or ignored.

import type {Device} from '../device.ts'
import type {MachineInput, MachineOutput} from '../streams.ts'
import {PolledInput} from './polled-input.ts'

/** As on QEMU's board "virt". */
const UART = 0x09000000
const BYTES = 0x1000

const DATA = 0x00
const FLAGS = 0x18
/** From here on to the end: PeriphID0 to 3, PCellID0 to 3. */
const IDENTITY = 0xfe0
const IDENTITY_BYTES = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

const CLEAR_TO_SEND = 0x01
const DATA_SET_READY = 0x02
const CARRIER_DETECT = 0x04
const RECEIVER_EMPTY = 0x10
const TRANSMITTER_EMPTY = 0x80

export class Pl011 implements Device {
  readonly name = 'the serial port'
  readonly space = 'memory'
  readonly first = UART
  readonly length = BYTES
  readonly sizes = [1, 2, 4]
  readonly #input: PolledInput
  readonly #output: MachineOutput
  readonly #stored = new Map<number, number>()

  constructor(input: MachineInput, output: MachineOutput) {
    this.#input = new PolledInput(input)
    this.#output = output
  }

  /** The guest does nothing but ask for input. */
  get isWaiting(): boolean {
    return this.#input.isWaiting
  }

  read(offset: number): number {
    if (offset >= IDENTITY) return IDENTITY_BYTES[(offset - IDENTITY) >> 2]
    switch (offset) {
      case DATA:
        return this.#input.take()
      case FLAGS:
        return this.#flags()
      default:
        return this.#stored.get(offset) ?? 0
    }
  }

  write(offset: number, value: number): void {
    this.#input.stopPolling()
    if (offset === DATA) this.#output.put(value % 256)
    else this.#stored.set(offset, value)
  }

  #flags(): number {
    this.#input.poll()
    const ready = CLEAR_TO_SEND | DATA_SET_READY | TRANSMITTER_EMPTY
    const carrier = this.#input.hasEnded ? 0 : CARRIER_DETECT
    return ready | carrier | (this.#input.hasByte ? 0 : RECEIVER_EMPTY)
  }
}
