// DNS messages: a question as a resolver library asks it, and the answer to it: RFC 1035, 4; EDNS: RFC 6891.

import {DNS_TYPES, type DnsRecord, type DnsType} from '../../../broker/records.ts'

const HEADER_BYTES = 12
const CLASS_IN = 1
const TYPE_OPT = 41
const OPT_BYTES = 11
const MAX_LABEL = 63
const MAX_NAME = 253
/** Without EDNS, and the most that is sent with it: what fits packets everywhere. */
const LEAST_UDP_BYTES = 512
const MOST_UDP_BYTES = 1232
/** In the first two bytes of flags: response, opcode, truncated, recursion desired; recursion available. */
const QR = 0x8000
const OPCODE = 0x7800
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
/** A pointer to the question's name. */
const TO_NAME = 0xc000 | HEADER_BYTES

export const NOERROR = 0
export const SERVFAIL = 2
export const NXDOMAIN = 3
export const NOTIMP = 4
/** Of EDNS: its upper bits are in the OPT record. */
export const BADVERS = 16
const CODE_BITS = 4

export interface DnsQuestion {
  /** The whole question: an answer repeats it. */
  readonly bytes: Uint8Array
  /** Where the question's section ends. */
  readonly end: number
  readonly name: string
  /** Undefined: one that hv does not know. */
  readonly type: DnsType | undefined
  /** The longest answer by UDP. */
  readonly mostBytes: number
  readonly hasEdns: boolean
  /** Of another version than 0. */
  readonly hasOtherEdns: boolean
}

const typeNames = new Map<number, DnsType>(
  Object.entries(DNS_TYPES).map(([name, number]) => [number, name as DnsType]),
)

/** @returns undefined: nothing that could be answered */
export function parseQuestion(bytes: Uint8Array): DnsQuestion | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint16(2) & (QR | OPCODE) || view.getUint16(4) !== 1) return undefined
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    // The end of the message, or a pointer, which a question has no use for.
    if (length === undefined || length > MAX_LABEL || at + length >= bytes.length) return undefined
    labels.push(Buffer.from(bytes.subarray(at + 1, at + 1 + length)).toString('latin1'))
    at += 1 + length
  }
  const end = at + 5
  const name = labels.join('.')
  if (end > bytes.length || name.length > MAX_NAME || view.getUint16(end - 2) !== CLASS_IN) return undefined
  const hasEdns =
    view.getUint16(10) > 0 && end + OPT_BYTES <= bytes.length && view.getUint16(end + 1) === TYPE_OPT
  const size = hasEdns ? view.getUint16(end + 3) : 0
  const hasOtherEdns = hasEdns && bytes[end + 6] !== 0
  const mostBytes = Math.min(MOST_UDP_BYTES, Math.max(LEAST_UDP_BYTES, size))
  return {bytes, end, name, type: typeNames.get(view.getUint16(end - 4)), mostBytes, hasEdns, hasOtherEdns}
}

/** @param code NOERROR … @param mostBytes if the records do not fit, the answer says that there are more */
export function encodeAnswer(
  question: DnsQuestion,
  code: number,
  records: readonly DnsRecord[],
  mostBytes = question.mostBytes,
): Uint8Array {
  const {bytes, end, type, hasEdns} = question
  const opt = hasEdns ? optRecord(code) : new Uint8Array(0)
  const sections = records.map((record) => encodeRecord(type!, record))
  const length = sections.reduce((sum, section) => sum + section.length, end + opt.length)
  const isCut = length > mostBytes
  const answer = Buffer.concat([bytes.subarray(0, end), ...(isCut ? [] : sections), opt])
  const asked = answer.readUInt16BE(2)
  answer.writeUInt16BE(QR | (asked & RD) | RA | (isCut ? TC : 0) | (code & 15), 2)
  answer.writeUInt16BE(isCut ? 0 : records.length, 6)
  answer.writeUInt16BE(0, 8)
  answer.writeUInt16BE(hasEdns ? 1 : 0, 10)
  return answer
}

function encodeRecord(type: DnsType, {ttl, data: base64}: DnsRecord): Buffer {
  const data = Buffer.from(base64, 'base64')
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(TO_NAME, 0)
  head.writeUInt16BE(DNS_TYPES[type], 2)
  head.writeUInt16BE(CLASS_IN, 4)
  head.writeUInt32BE(ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function optRecord(code: number): Uint8Array {
  const opt = Buffer.alloc(OPT_BYTES)
  opt.writeUInt16BE(TYPE_OPT, 1)
  opt.writeUInt16BE(MOST_UDP_BYTES, 3)
  opt[5] = code >> CODE_BITS
  return opt
}
