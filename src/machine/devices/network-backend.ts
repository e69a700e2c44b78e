// NetworkBackend: what a network device's cable leads to; and one over a stream, with frames as QEMU's `-netdev stream` has them.

import type {Duplex} from 'node:stream'

/** Without a checksum: 14 bytes of header, then at most 1500, or what an MTU says, and a VLAN's tag. */
export const LEAST_FRAME_BYTES = 14
export const MOST_FRAME_BYTES = 65_535

/** The guest's end of the cable. */
export interface NetworkGuest {
  /** @returns false: the guest has no room; it was not taken, and the backend hears `onRoom` */
  receive(frame: Uint8Array): boolean
  /** The backend has room again, after `send` has said no. */
  onRoom(): void
}

/** The other end. A frame is a packet of Ethernet. */
export interface NetworkBackend {
  /** Once, before anything else. */
  attach(guest: NetworkGuest): void
  /** @returns false: there is no room; it was not taken, and the guest hears `onRoom` */
  send(frame: Uint8Array): boolean
  onRoom(): void
}

const LENGTH_BYTES = 4

/**
 * Each frame behind its length, 32 bits, big-endian: over a socket, to QEMU, passt or another machine of hv's. Both sides wait for each
 * other. A length that none has ends the stream with an error; once it has ended, frames go nowhere, as without a cable.
 */
export class StreamBackend implements NetworkBackend {
  readonly #stream: Duplex
  #guest!: NetworkGuest
  #bytes: Uint8Array = new Uint8Array()
  #isFull = false

  /** @param stream of bytes; who owns it closes it, and hears of its errors */
  constructor(stream: Duplex) {
    this.#stream = stream
  }

  attach(guest: NetworkGuest): void {
    this.#guest = guest
    const onRoom = () => {
      this.#isFull = false
      guest.onRoom()
    }
    this.#stream.on('drain', onRoom).on('close', onRoom).on('error', onRoom)
    this.#stream.on('readable', () => this.#read())
  }

  send(frame: Uint8Array): boolean {
    if (!this.#stream.writable) return true
    if (this.#isFull) return false
    const message = Buffer.allocUnsafe(LENGTH_BYTES + frame.length)
    message.writeUInt32BE(frame.length, 0)
    message.set(frame, LENGTH_BYTES)
    this.#isFull = !this.#stream.write(message)
    return true
  }

  onRoom(): void {
    this.#read()
  }

  /** Until the stream has nothing more, or the guest no room. */
  #read(): void {
    while (this.#deliver()) {
      const chunk: Uint8Array | null = this.#stream.destroyed ? null : this.#stream.read()
      if (chunk === null) return
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    }
  }

  /** @returns false when the guest has no room */
  #deliver(): boolean {
    while (this.#bytes.length >= LENGTH_BYTES) {
      const {buffer, byteOffset} = this.#bytes
      const length = new DataView(buffer, byteOffset).getUint32(0)
      if (length < LEAST_FRAME_BYTES || length > MOST_FRAME_BYTES) {
        this.#bytes = new Uint8Array()
        this.#stream.destroy(new Error(`a frame of ${length} bytes`))
        return true
      }
      const end = LENGTH_BYTES + length
      if (this.#bytes.length < end) return true
      if (!this.#guest.receive(this.#bytes.slice(LENGTH_BYTES, end))) return false
      this.#bytes = this.#bytes.subarray(end)
    }
    return true
  }
}
