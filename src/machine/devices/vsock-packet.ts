// VsockPacket: the header of virtio sockets' packets (virtio 1.2, 5.10.6).

export const HEADER_BYTES = 44
export const STREAM = 1

export const Op = {
  request: 1,
  response: 2,
  reset: 3,
  shutdown: 4,
  data: 5,
  creditUpdate: 6,
  creditRequest: 7,
} as const

/** Flags of a shutdown: the sender will receive, or send, no more. */
export const NO_RECEIVE = 1
export const NO_SEND = 2
export const BOTH = NO_RECEIVE | NO_SEND

export interface VsockHeader {
  /** 64 bits, of which only 32 are in use (5.10.4). */
  readonly sourceCid: number
  readonly destinationCid: number
  readonly sourcePort: number
  readonly destinationPort: number
  /** The payload's. */
  readonly length: number
  readonly type: number
  readonly op: number
  readonly flags: number
  /** The sender's buffer for this connection, and how many bytes it has ever taken out of it, modulo 2^32. */
  readonly bufferBytes: number
  readonly forwarded: number
}

/** @param bytes HEADER_BYTES of them */
export function parseHeader(bytes: Uint8Array): VsockHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  return {
    sourceCid: cidAt(view, 0),
    destinationCid: cidAt(view, 8),
    sourcePort: view.getUint32(16, true),
    destinationPort: view.getUint32(20, true),
    length: view.getUint32(24, true),
    type: view.getUint16(28, true),
    op: view.getUint16(30, true),
    flags: view.getUint32(32, true),
    bufferBytes: view.getUint32(36, true),
    forwarded: view.getUint32(40, true),
  }
}

export function makeHeader(header: VsockHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  // The upper halves are 0.
  view.setUint32(0, header.sourceCid, true)
  view.setUint32(8, header.destinationCid, true)
  view.setUint32(16, header.sourcePort, true)
  view.setUint32(20, header.destinationPort, true)
  view.setUint32(24, header.length, true)
  view.setUint16(28, header.type, true)
  view.setUint16(30, header.op, true)
  view.setUint32(32, header.flags, true)
  view.setUint32(36, header.bufferBytes, true)
  view.setUint32(40, header.forwarded, true)
  return bytes
}

/** Exact up to 2^53, and no CID is greater. */
const cidAt = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
