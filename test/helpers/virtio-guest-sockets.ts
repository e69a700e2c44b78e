// GuestSockets: the guest's end of a virtio socket device: packets, and streams with credit as Linux keeps it.

import {
  HEADER_BYTES,
  makeHeader,
  Op,
  parseHeader,
  STREAM,
  type VsockHeader,
} from '../../src/machine/devices/vsock-packet.ts'
import type {VirtioDriver} from './virtio-driver.ts'

const [FROM_HOST, TO_HOST] = [0, 1]
const BUFFERS = 16
const BUFFER_BYTES = 4096
/** The buffer of a stream in the guest. */
const WINDOW = 1 << 16
const HOST = 2
export const GUEST = 3

export interface Heard extends VsockHeader {
  payload: Uint8Array
}

export class GuestSockets {
  readonly heard: Heard[] = []
  readonly #driver: VirtioDriver
  #onPacket: (packet: Heard) => void = (packet) => this.heard.push(packet)
  #waiting: ((packet: Heard) => void) | undefined

  /** @param buffers how many, for packets from the host */
  constructor(driver: VirtioDriver, buffers = BUFFERS) {
    this.#driver = driver
    for (let i = 0; i < buffers; i++) void this.receiveOne()
  }

  /** Gives the host one more buffer, and another whenever one comes back. */
  async receiveOne(bytes = BUFFER_BYTES, isAgain = true): Promise<void> {
    const used = await this.#driver.queues[FROM_HOST].request([], [bytes])
    if (used.written >= HEADER_BYTES) {
      const payload = used.bytes.subarray(HEADER_BYTES, used.written)
      this.#hear({...parseHeader(used.bytes), payload})
    }
    if (isAgain) void this.receiveOne(bytes)
  }

  #hear(packet: Heard): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#onPacket(packet)
    else waiting(packet)
  }

  /** Takes the packets from now on. */
  set onPacket(onPacket: (packet: Heard) => void) {
    this.#onPacket = onPacket
  }

  /** The next packet. */
  next(): Promise<Heard> {
    const first = this.heard.shift()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  async send(hostPort: number, guestPort: number, op: number, more: Partial<Heard> = {}): Promise<void> {
    const payload = more.payload ?? new Uint8Array()
    const header = makeHeader({
      sourceCid: GUEST,
      destinationCid: HOST,
      sourcePort: guestPort,
      destinationPort: hostPort,
      length: payload.length,
      type: STREAM,
      op,
      flags: 0,
      bufferBytes: WINDOW,
      forwarded: 0,
      ...more,
    })
    await this.#driver.queues[TO_HOST].request(payload.length > 0 ? [header, payload] : [header])
  }
}

/** One open stream of the guest's: it keeps credit in both directions. */
export class GuestStream {
  readonly received: Uint8Array[] = []
  receivedBytes = 0
  isReset = false
  shutdown = 0
  /** Whether it takes data out of its buffer at once; else it lets the host wait. */
  isReading = true
  readonly #sockets: GuestSockets
  readonly #hostPort: number
  readonly #guestPort: number
  #sent = 0
  #forwarded = 0
  #hostBuffer: number
  #hostForwarded: number
  #wake: (() => void) | undefined

  /** @param first the packet that opened it: the host's request or response */
  constructor(sockets: GuestSockets, first: Heard) {
    this.#sockets = sockets
    this.#hostPort = first.sourcePort
    this.#guestPort = first.destinationPort
    this.#hostBuffer = first.bufferBytes
    this.#hostForwarded = first.forwarded
    sockets.onPacket = (packet) => this.#hear(packet)
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1')
  }

  send(op: number, more: Partial<Heard> = {}): Promise<void> {
    return this.#sockets.send(this.#hostPort, this.#guestPort, op, {forwarded: this.#forwarded, ...more})
  }

  /** Sends as much at a time as the host has room for. */
  async write(bytes: Uint8Array, packetBytes = 1 << 15): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const credit = this.#hostBuffer - (this.#sent - this.#hostForwarded)
      if (credit === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const payload = bytes.subarray(at, at + Math.min(credit, packetBytes))
      at += payload.length
      this.#sent += payload.length
      await this.send(Op.data, {payload})
    }
  }

  /** Takes all that waits in its buffer. */
  read(): Promise<void> {
    this.#forwarded = this.receivedBytes
    return this.send(Op.creditUpdate)
  }

  #hear(packet: Heard): void {
    this.#hostBuffer = packet.bufferBytes
    this.#hostForwarded = packet.forwarded
    if (packet.op === Op.data) {
      this.received.push(packet.payload)
      this.receivedBytes += packet.payload.length
      if (this.receivedBytes - this.#forwarded > WINDOW) throw new Error('the host sent more than it may')
      if (this.isReading && this.receivedBytes - this.#forwarded > WINDOW / 2) void this.read()
    } else if (packet.op === Op.creditRequest && this.isReading) void this.read()
    else if (packet.op === Op.reset) this.isReset = true
    else if (packet.op === Op.shutdown) this.shutdown |= packet.flags
    this.#wake?.()
  }
}
