// Serial: the part of a 16550 that drivers use, polled or with interrupts; the rest is stored or ignored.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import {Uart} from './uart.ts'

/** A PC's first serial port. */
export const COM1 = {first: 0x3f8, length: 8, gsi: 4}

const DATA = 0
const INTERRUPT_ENABLE = 1
const INTERRUPT_IDENTITY = 2
const LINE_CONTROL = 3
const MODEM_CONTROL = 4
export const LINE_STATUS = 5
const MODEM_STATUS = 6

const DIVISOR_LATCH = 0x80
/** Bits of the interrupt enable register, and what the identification register then reads. */
const WANTS_RECEIVED = 0x01
const WANTS_SENT = 0x02
const IS_RECEIVED = 0x04
const IS_SENT = 0x02
const NO_INTERRUPT = 0x01
/** Bit 0 of the FIFO control register switches them on; bits 6 and 7 of the identification register show it. */
const FIFO_ENABLE = 0x01
const HAS_FIFO = 0xc0
/** A bit of modem control: modem status then reads the port's own outputs. */
const LOOPBACK = 0x10
const DATA_READY = 0x01
const TRANSMITTER_EMPTY = 0x60
const CARRIER_DETECT = 0x80
/** Data set ready, clear to send. */
const READY = 0x30

const byte = takes.integer(0, 255)
const savedState = takes.options({
  registers: v.pipe(takes.list(byte, 'bytes'), v.length(COM1.length, `${COM1.length} bytes`)),
  hasFifo: takes.truth,
  hasSent: takes.truth,
})

export class Serial extends Uart {
  readonly place = {name: 'the serial port', space: 'port', ...COM1, sizes: [1]} as const
  readonly #stored = new Uint8Array(COM1.length)
  #hasFifo = false

  read(offset: number): number {
    if (this.#isDivisor(offset)) return this.#stored[offset]
    switch (offset) {
      case DATA:
        return this.take()
      case INTERRUPT_IDENTITY:
        return this.#identify() | (this.#hasFifo ? HAS_FIFO : 0)
      case LINE_STATUS:
        this.poll()
        return this.status
      case MODEM_STATUS:
        return this.#modemStatus()
      default:
        return this.#stored[offset]
    }
  }

  protected store(offset: number, value: number): void {
    if (offset === DATA && !this.#isDivisor(offset)) {
      this.put(value)
    } else if (offset === INTERRUPT_IDENTITY) {
      this.#hasFifo = (value & FIFO_ENABLE) !== 0
    } else {
      if (offset === INTERRUPT_ENABLE && !this.#isDivisor(offset)) this.#enable(value)
      this.#stored[offset] = value
    }
  }

  save(): v.InferOutput<typeof savedState> {
    return {registers: [...this.#stored], hasFifo: this.#hasFifo, hasSent: this.hasSent}
  }

  restore(state: unknown): void {
    const {registers, hasFifo, hasSent} = takes.checked(savedState, state, this.place.name)
    this.#stored.set(registers)
    this.#hasFifo = hasFifo
    this.hasSent = hasSent
    if ((this.#stored[INTERRUPT_ENABLE] & WANTS_RECEIVED) !== 0) this.input.start()
    this.update()
  }

  /** A guest that enables the transmitter's interrupt gets it at once, because the transmitter is empty. */
  #enable(value: number): void {
    if ((value & ~this.#stored[INTERRUPT_ENABLE] & WANTS_SENT) !== 0) this.hasSent = true
    if ((value & WANTS_RECEIVED) !== 0) this.input.start()
  }

  get #pending(): number {
    const wanted = this.#stored[INTERRUPT_ENABLE]
    if ((wanted & WANTS_RECEIVED) !== 0 && this.input.hasByte) return IS_RECEIVED
    return (wanted & WANTS_SENT) !== 0 && this.hasSent ? IS_SENT : NO_INTERRUPT
  }

  /** Reading that the transmitter is empty acknowledges the interrupt. */
  #identify(): number {
    const pending = this.#pending
    if (pending === IS_SENT) this.hasSent = false
    this.update()
    return pending
  }

  protected get isPending(): boolean {
    return this.#pending !== NO_INTERRUPT
  }

  protected get status(): number {
    return TRANSMITTER_EMPTY | (this.input.hasByte ? DATA_READY : 0)
  }

  #modemStatus(): number {
    const control = this.#stored[MODEM_CONTROL]
    // In loopback, RTS is CTS, DTR is DSR, OUT1 is RI, OUT2 is DCD.
    if ((control & LOOPBACK) !== 0) return ((control & 2) << 3) | ((control & 1) << 5) | ((control & 12) << 4)
    this.poll()
    return READY | (this.input.hasEnded ? 0 : CARRIER_DETECT)
  }

  #isDivisor(offset: number): boolean {
    return (
      (offset === DATA || offset === INTERRUPT_ENABLE) && (this.#stored[LINE_CONTROL] & DIVISOR_LATCH) !== 0
    )
  }
}
