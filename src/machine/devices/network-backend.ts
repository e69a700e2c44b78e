// NetworkBackend: the far end of a network device's cable; and one over a stream, with frames as QEMU's `-netdev stream` has them.

import type {Duplex} from 'node:stream'

/** Without a checksum: 14 bytes of header, then at most 1500, or as many as an MTU says, and a VLAN tag. */
export const LEAST_FRAME_BYTES = 14
/** virtio_net_hdr, in every chain before the frame (virtio 1.2, 5.1.6). */
export const HEADER_BYTES = 12
export const MOST_FRAME_BYTES = 65_535

/** What may be left to the guest: checksums, and the cutting of segments of TCP over IPv4 and IPv6. */
export interface GuestOffloads {
  readonly checksums: boolean
  readonly tcp4: boolean
  readonly tcp6: boolean
}

/** The guest's end of the cable. */
export interface NetworkGuest {
  /** @param frame the backend's again afterwards. @returns false: the guest has no room, the frame was not taken, and `onRoom` is called */
  receive(frame: Uint8Array): boolean
  /** The backend has room again, after `send` returned false. */
  onRoom(): void
}

/** The other end. A frame is an Ethernet packet. */
export interface NetworkBackend {
  /**
   * The driver's header goes before each frame, both ways: whoever takes the frame computes its checksum, and cuts large segments of TCP
   * into frames, as the header asks. Default: false, a frame is complete.
   */
  readonly hasOffloads?: boolean
  /** What the guest takes, from now on: at first nothing. For a backend with offloads. */
  setGuestOffloads?(offloads: GuestOffloads): void
  /** Called once, before anything else. */
  attach(guest: NetworkGuest): void
  /**
   * @param frame may be the guest's memory, which may change meanwhile; it is not the backend's afterwards
   * @returns false when there is no room: the frame was not taken, and the guest is told with `onRoom`
   */
  send(frame: Uint8Array): boolean
  onRoom(): void
}

const LENGTH_BYTES = 4

/**
 * Each frame follows its length, 32 bits, big-endian: over a socket, to QEMU, passt or another hv machine. Both sides apply back-pressure.
 * An invalid length ends the stream with an error; once the stream has ended, frames go nowhere, as without a cable.
 */
export class StreamBackend implements NetworkBackend {
  readonly #stream: Duplex
  #guest!: NetworkGuest
  #bytes: Uint8Array = new Uint8Array()
  #isFull = false

  /** @param stream of bytes; its owner closes it, and handles its errors */
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

  /** Reads until the stream has nothing more, or the guest has no room. */
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
      if (!this.#guest.receive(this.#bytes.subarray(LENGTH_BYTES, end))) return false
      this.#bytes = this.#bytes.subarray(end)
    }
    return true
  }
}
