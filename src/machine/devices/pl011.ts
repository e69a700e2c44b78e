// Pl011: the part of Arm's PrimeCell UART (ARM DDI 0183) that drivers use, polled or with interrupts; the rest is stored or ignored.

import type {MachineInput, MachineOutput} from '../console/streams.ts'
import type {Device} from './device.ts'
import {Level, noWiring, type SerialWiring} from './interrupt-line.ts'
import {PolledInput} from './polled-input.ts'

/** As on QEMU's board "virt". */
const UART = 0x09000000
const BYTES = 0x1000

const DATA = 0x00
export const FLAGS = 0x18
const INTERRUPT_MASK = 0x38
const RAW_INTERRUPTS = 0x3c
const MASKED_INTERRUPTS = 0x40
const INTERRUPT_CLEAR = 0x44
/** From here to the end: PeriphID0 to 3, PCellID0 to 3. */
const IDENTITY = 0xfe0
const IDENTITY_BYTES = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

const CLEAR_TO_SEND = 0x01
const DATA_SET_READY = 0x02
const CARRIER_DETECT = 0x04
const RECEIVER_EMPTY = 0x10
const TRANSMITTER_EMPTY = 0x80

/** Bits of the interrupt registers: the receiver has a byte, or has had one for a while; the transmitter has room. */
const RECEIVED = 0x50
const SENT = 0x20

export class Pl011 implements Device {
  readonly name = 'the serial port'
  readonly space = 'memory'
  readonly first = UART
  readonly length = BYTES
  readonly sizes = [1, 2, 4]
  readonly #input: PolledInput
  readonly #output: MachineOutput
  readonly #level: Level
  readonly #status: SerialWiring['status']
  readonly #stored = new Map<number, number>()
  #sent = 0

  constructor(input: MachineInput, output: MachineOutput, wiring: SerialWiring = noWiring) {
    this.#input = new PolledInput(input)
    this.#output = output
    this.#level = new Level(wiring.line)
    this.#status = wiring.status
    input.onChange(() => this.#update())
    this.#update()
  }

  /** The guest does nothing but poll for input. */
  get isWaiting(): boolean {
    return this.#input.isWaiting
  }

  read(offset: number): number {
    if (offset >= IDENTITY) return IDENTITY_BYTES[(offset - IDENTITY) >> 2]
    switch (offset) {
      case DATA: {
        const byte = this.#input.take()
        this.#update()
        return byte
      }
      case FLAGS:
        this.#input.poll()
        return this.#flags
      case RAW_INTERRUPTS:
        return this.#raw
      case MASKED_INTERRUPTS:
        return this.#raw & this.#mask
      default:
        return this.#stored.get(offset) ?? 0
    }
  }

  write(offset: number, value: number): void {
    this.#input.stopPolling()
    switch (offset) {
      case DATA:
        this.#output.put(value % 256)
        this.#sent = SENT
        break
      case INTERRUPT_CLEAR:
        this.#sent &= ~value
        break
      default:
        this.#stored.set(offset, value)
    }
    if ((this.#mask & RECEIVED) !== 0) this.#input.start()
    this.#update()
  }

  get #mask(): number {
    return this.#stored.get(INTERRUPT_MASK) ?? 0
  }

  get #raw(): number {
    return this.#sent | (this.#input.hasByte ? RECEIVED : 0)
  }

  /** Updates the interrupt line. */
  #update(): void {
    this.#level.set((this.#raw & this.#mask) !== 0)
    this.#status(this.#flags)
  }

  get #flags(): number {
    const ready = CLEAR_TO_SEND | DATA_SET_READY | TRANSMITTER_EMPTY
    const carrier = this.#input.hasEnded ? 0 : CARRIER_DETECT
    return ready | carrier | (this.#input.hasByte ? 0 : RECEIVER_EMPTY)
  }
}
