// Netlink messages: requests out of a datagram, and the bytes of answers: netlink(7).

import {
  NLATTR_BYTES,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGHDR_BYTES,
  nlAlign,
} from '../../../abi/netlink.ts'
import {viewOf} from '../../../abi/view.ts'

export interface Request {
  readonly type: number
  /** NLM_F_* */
  readonly flags: number
  readonly sequence: number
  /** Behind the header. */
  readonly body: Uint8Array
  /** The whole message. */
  readonly bytes: Uint8Array
}

/** One message of an answer. */
export interface Answer {
  readonly type: number
  readonly body: Uint8Array
}

/** The messages of a datagram, up to the first that is not whole. netlink_rcv_skb in Linux. */
export function* requestsIn(datagram: Uint8Array): Iterable<Request> {
  for (let at = 0; at + NLMSGHDR_BYTES <= datagram.length; ) {
    const length = viewOf(datagram).getUint32(at, true)
    if (length < NLMSGHDR_BYTES || at + length > datagram.length) return
    yield decodeRequest(datagram.subarray(at, at + length))
    at += nlAlign(length)
  }
}

function decodeRequest(bytes: Uint8Array): Request {
  const view = viewOf(bytes)
  return {
    type: view.getUint16(4, true),
    flags: view.getUint16(6, true),
    sequence: view.getUint32(8, true),
    body: bytes.subarray(NLMSGHDR_BYTES),
    bytes,
  }
}

export const copyOf = ({bytes}: Request): Request => decodeRequest(bytes.slice())

/** @param port of the socket that asked */
export function encodeMessage(
  {type, body}: Answer,
  flags: number,
  sequence: number,
  port: number,
): Uint8Array {
  const bytes = new Uint8Array(nlAlign(NLMSGHDR_BYTES + body.length))
  const view = viewOf(bytes)
  view.setUint32(0, NLMSGHDR_BYTES + body.length, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags, true)
  view.setUint32(8, sequence, true)
  view.setUint32(12, port, true)
  bytes.set(body, NLMSGHDR_BYTES)
  return bytes
}

/** NLMSG_ERROR. @param code 0: it is done @param isCapped the request is not repeated */
export function encodeAck(request: Request, code: number, isCapped: boolean, port: number): Uint8Array {
  const capped = isCapped || code === 0
  const repeated = capped ? request.bytes.subarray(0, NLMSGHDR_BYTES) : request.bytes
  const body = new Uint8Array(4 + repeated.length)
  viewOf(body).setInt32(0, -code, true)
  body.set(repeated, 4)
  return encodeMessage({type: NLMSG_ERROR, body}, capped ? NLM_F_CAPPED : 0, request.sequence, port)
}

/** The end of a dump. */
export function encodeDone(sequence: number, port: number): Uint8Array {
  return encodeMessage({type: NLMSG_DONE, body: new Uint8Array(4)}, NLM_F_MULTI, sequence, port)
}

/** What follows the fixed part of a message: struct nlattr, and its bytes. */
export class Attributes {
  readonly #parts: Uint8Array[]

  /** @param header the fixed part: a multiple of 4 bytes */
  constructor(header: Uint8Array) {
    this.#parts = [header]
  }

  put(type: number, value: Uint8Array): this {
    const bytes = new Uint8Array(nlAlign(NLATTR_BYTES + value.length))
    const view = viewOf(bytes)
    view.setUint16(0, NLATTR_BYTES + value.length, true)
    view.setUint16(2, type, true)
    bytes.set(value, NLATTR_BYTES)
    this.#parts.push(bytes)
    return this
  }

  putUint8(type: number, value: number): this {
    return this.put(type, Uint8Array.of(value))
  }

  putUint32s(type: number, ...values: number[]): this {
    return this.put(type, new Uint8Array(Uint32Array.from(values).buffer))
  }

  /** With its NUL. */
  putText(type: number, value: string): this {
    return this.put(type, Buffer.from(`${value}\0`, 'latin1'))
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

/** The value of an attribute behind the fixed part; undefined: there is none. */
export function attributeIn(body: Uint8Array, fixedBytes: number, type: number): Uint8Array | undefined {
  const view = viewOf(body)
  for (let at = nlAlign(fixedBytes); at + NLATTR_BYTES <= body.length; ) {
    const length = view.getUint16(at, true)
    if (length < NLATTR_BYTES || at + length > body.length) return undefined
    if (view.getUint16(at + 2, true) === type) return body.subarray(at + NLATTR_BYTES, at + length)
    at += nlAlign(length)
  }
  return undefined
}

/** Whether a request, whose first byte is a family, is for things of this one: 0 is all. */
export function asksFor({body}: Request, family: number): boolean {
  return body.length === 0 || body[0] === 0 || body[0] === family
}
