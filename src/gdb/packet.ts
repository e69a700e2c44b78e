// Packets of gdb's remote protocol: $payload#checksum, both ways (gdb's manual, E.1 "Overview"). A payload is a byte string: latin1.

/** The most bytes of a payload, as it is sent: gdb is told this, and no more is kept of a packet without an end. */
export const MAX_PAYLOAD = 0x4000

const START = 0x24
const END = 0x23
const ESCAPE = 0x7d
const ESCAPED_BY = 0x20
const INTERRUPT = 0x03
const NACK = 0x2d

/** Receives what a PacketReader has read. */
export interface PacketSink {
  packet(payload: string): void
  /** A packet whose checksum is wrong, or that is too long. */
  garbled(): void
  /** ^C, outside of a packet. */
  interrupt(): void
  /** The last packet did not arrive intact: send it again. */
  again(): void
}

type Place = 'between' | 'payload' | 'checksum' | 'checksum-end'

/** Turns bytes, in pieces of any size, into packets. Bytes outside of packets are skipped. */
export class PacketReader {
  readonly #sink: PacketSink
  #place: Place = 'between'
  #payload: number[] = []
  #sum = 0
  #isTooLong = false
  #isEscaped = false
  #digits = ''

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte)
  }

  #take(byte: number): void {
    switch (this.#place) {
      case 'between':
        if (byte === START) this.#begin()
        else if (byte === INTERRUPT) this.#sink.interrupt()
        else if (byte === NACK) this.#sink.again()
        return
      case 'payload':
        if (byte === START) this.#begin()
        else if (byte === END) this.#place = 'checksum'
        else this.#add(byte)
        return
      case 'checksum':
        this.#digits = String.fromCharCode(byte)
        this.#place = 'checksum-end'
        return
      case 'checksum-end':
        this.#place = 'between'
        this.#finish(this.#digits + String.fromCharCode(byte))
    }
  }

  #begin(): void {
    this.#place = 'payload'
    this.#payload = []
    this.#sum = 0
    this.#isTooLong = false
    this.#isEscaped = false
  }

  #add(byte: number): void {
    this.#sum = (this.#sum + byte) & 0xff
    if (byte === ESCAPE && !this.#isEscaped) {
      this.#isEscaped = true
      return
    }
    const plain = this.#isEscaped ? byte ^ ESCAPED_BY : byte
    this.#isEscaped = false
    if (this.#payload.length < MAX_PAYLOAD) this.#payload.push(plain)
    else this.#isTooLong = true
  }

  #finish(digits: string): void {
    const isWhole = /^[0-9a-fA-F]{2}$/.test(digits) && Number.parseInt(digits, 16) === this.#sum
    if (isWhole && !this.#isTooLong) this.#sink.packet(Buffer.from(this.#payload).toString('latin1'))
    else this.#sink.garbled()
    this.#payload = []
  }
}

/** The beginning of `bytes` that a packet has room for, beside `start` bytes before it. @returns a byte string */
export function fitting(bytes: Uint8Array, start: number): string {
  let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  while (text.length + (text.match(/[#$}*]/g)?.length ?? 0) > MAX_PAYLOAD - start)
    text = text.slice(0, text.length >> 1)
  return text
}

/** @param payload a byte string */
export function encodePacket(payload: string): string {
  const escaped = payload.replace(
    /[#$}*]/g,
    (char) => `}${String.fromCharCode(char.charCodeAt(0) ^ ESCAPED_BY)}`,
  )
  let sum = 0
  for (let i = 0; i < escaped.length; i++) sum = (sum + escaped.charCodeAt(i)) & 0xff
  return `$${escaped}#${sum.toString(16).padStart(2, '0')}`
}
