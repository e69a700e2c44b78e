// Pl011: the part of Arm's PrimeCell UART (ARM DDI 0183) that drivers use, polled or with interrupts; the rest is stored or ignored.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import {Uart} from './uart.ts'

/** As on QEMU's board "virt". */
export const PL011 = {first: 0x09000000, length: 0x1000, gsi: 1}

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

const register = v.tuple([takes.integer(0, PL011.length - 1), takes.integer(0, 2 ** 32 - 1)], 'a register')
const savedState = takes.options({
  registers: v.pipe(takes.list(register, 'registers'), v.maxLength(PL011.length, 'fewer registers')),
  hasSent: takes.truth,
})

export class Pl011 extends Uart {
  readonly place = {name: 'the serial port', space: 'memory', ...PL011, sizes: [1, 2, 4]} as const
  readonly #stored = new Map<number, number>()

  read(offset: number): number {
    if (offset >= IDENTITY) return IDENTITY_BYTES[(offset - IDENTITY) >> 2]
    switch (offset) {
      case DATA:
        return this.take()
      case FLAGS:
        this.poll()
        return this.status
      case RAW_INTERRUPTS:
        return this.#raw
      case MASKED_INTERRUPTS:
        return this.#raw & this.#mask
      default:
        return this.#stored.get(offset) ?? 0
    }
  }

  protected store(offset: number, value: number): void {
    if (offset === DATA) this.put(value % 256)
    else if (offset !== INTERRUPT_CLEAR) this.#stored.set(offset, value)
    else if ((value & SENT) !== 0) this.hasSent = false
    if ((this.#mask & RECEIVED) !== 0) this.input.start()
  }

  save(): v.InferOutput<typeof savedState> {
    return {registers: [...this.#stored], hasSent: this.hasSent}
  }

  restore(state: unknown): void {
    const {registers, hasSent} = takes.checked(savedState, state, this.place.name)
    for (const [offset, value] of registers) this.#stored.set(offset, value)
    this.hasSent = hasSent
    if ((this.#mask & RECEIVED) !== 0) this.input.start()
    this.update()
  }

  get #mask(): number {
    return this.#stored.get(INTERRUPT_MASK) ?? 0
  }

  get #raw(): number {
    return (this.hasSent ? SENT : 0) | (this.input.hasByte ? RECEIVED : 0)
  }

  protected get isPending(): boolean {
    return (this.#raw & this.#mask) !== 0
  }

  protected get status(): number {
    const ready = CLEAR_TO_SEND | DATA_SET_READY | TRANSMITTER_EMPTY
    const carrier = this.input.hasEnded ? 0 : CARRIER_DETECT
    return ready | carrier | (this.input.hasByte ? 0 : RECEIVER_EMPTY)
  }
}
