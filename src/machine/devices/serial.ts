// Serial: the part of a 16550 that a polling driver uses: data, line status, modem status; the rest is stored or ignored.

import type {Device} from '../device.ts'
import type {MachineInput, MachineOutput} from '../streams.ts'
import {PolledInput} from './polled-input.ts'

const SERIAL_PORT = 0x3f8
const REGISTERS = 8

const DATA = 0
const INTERRUPT_ENABLE = 1
const INTERRUPT_IDENTITY = 2
const LINE_CONTROL = 3
const LINE_STATUS = 5
const MODEM_STATUS = 6

const DIVISOR_LATCH = 0x80
const NO_INTERRUPT = 0x01
const DATA_READY = 0x01
const TRANSMITTER_EMPTY = 0x60
const CARRIER_DETECT = 0x80
/** Data set ready, clear to send. */
const READY = 0x30

export class Serial implements Device {
  readonly name = 'the serial port'
  readonly space = 'port'
  readonly first = SERIAL_PORT
  readonly length = REGISTERS
  readonly sizes = [1]
  readonly #input: PolledInput
  readonly #output: MachineOutput
  readonly #stored = new Uint8Array(REGISTERS)

  constructor(input: MachineInput, output: MachineOutput) {
    this.#input = new PolledInput(input)
    this.#output = output
  }

  /** The guest does nothing but ask for input. */
  get isWaiting(): boolean {
    return this.#input.isWaiting
  }

  read(offset: number): number {
    if (this.#isDivisor(offset)) return this.#stored[offset]
    switch (offset) {
      case DATA:
        return this.#input.take()
      case INTERRUPT_IDENTITY:
        return NO_INTERRUPT
      case LINE_STATUS:
        this.#input.poll()
        return TRANSMITTER_EMPTY | (this.#input.hasByte ? DATA_READY : 0)
      case MODEM_STATUS:
        this.#input.poll()
        return READY | (this.#input.hasEnded ? 0 : CARRIER_DETECT)
      default:
        return this.#stored[offset]
    }
  }

  write(offset: number, value: number): void {
    this.#input.stopPolling()
    if (offset === DATA && !this.#isDivisor(offset)) this.#output.put(value)
    else this.#stored[offset] = value
  }

  #isDivisor(offset: number): boolean {
    return (
      (offset === DATA || offset === INTERRUPT_ENABLE) && (this.#stored[LINE_CONTROL] & DIVISOR_LATCH) !== 0
    )
  }
}
