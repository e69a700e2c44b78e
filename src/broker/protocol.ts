// What a sentry asks a broker, and what the broker answers: one line of JSON each. Both check what they read.

import {DNS_TYPES, type DnsRecord, type DnsType, MOST_DATA, MOST_RECORDS} from './records.ts'

/** So many questions may wait for their answers. */
export const MOST_QUESTIONS = 128
/** Of a question's line: a name has up to 253 bytes, each of which JSON may write as `\u0000`. */
export const MOST_QUESTION_BYTES = 2048
/** Of an entry of --allow-net in an answer. */
const MOST_RULE = 300
const MAX_ERRNO = 4095
const MAX_PORT = 65_535
const MAX_TTL = 0x7fff_ffff
const IP = /^([0-9a-f]{8}|[0-9a-f]{32})$/

/** For a host socket that is connected: it comes with the answer. */
export interface ConnectQuestion {
  readonly kind: 'connect'
  readonly id: number
  readonly isStream: boolean
  readonly ip: string
  readonly port: number
}

/** Tells that the socket of an answer that `isHeld` is closed. Nothing answers it. */
export interface ClosedNotice {
  readonly kind: 'closed'
  /** As of its question. */
  readonly id: number
}

export interface NetAnswer {
  readonly id: number
  /** 0: it was done. EACCES: the policy forbids it. ENOENT: there is no such name. EIO: no name server has answered. */
  readonly errno: number
  /** Of a name. */
  readonly records?: readonly DnsRecord[]
  /** With EACCES: the entry of --allow-net that would have allowed it. */
  readonly needs?: string
  /** The broker holds the socket, too, until it is told that it is closed. */
  readonly isHeld?: true
}

/** For the records of a name. */
export interface ResolveQuestion {
  readonly kind: 'resolve'
  readonly id: number
  readonly name: string
  readonly type: DnsType
}

export type NetQuestion = ConnectQuestion | ResolveQuestion | ClosedNotice

/** `gone`: it has ended. `wrong`: it has sent what no broker sends. */
export type BrokerLoss = 'gone' | 'wrong'

/**
 * A connection to a published port comes, or a datagram: its socket comes with it, which of UDP is connected to the sender. A datagram
 * without a socket belongs to one that has come.
 */
export interface Arrival {
  /** The socket's number, from 1 up, which no other one has had. */
  readonly arrival: number
  readonly isStream: boolean
  /** The peer's address, as the guest sees it: in hexadecimal, 4 bytes or 16. */
  readonly ip: string
  readonly port: number
  readonly guestPort: number
  /** Of UDP: the datagram, in base64. */
  readonly data?: string
}

/** What becomes of a connection to a published port: the sentry has it; it is closed. Each is told once. */
export interface ArrivalNotice {
  readonly kind: 'taken' | 'released'
  /** The arrival's. */
  readonly id: number
}

/** A sentry's end of a broker. */
export interface BrokerLink {
  /** Readable when there are answers. */
  readonly fd: number
  /** Writable when there is room for questions. */
  readonly questionsFd: number
  /** So many wait for room. */
  readonly unsent: number
  /** Never waits. */
  ask(question: NetQuestion | ArrivalNotice): void
  /** Sends what there is room for by now. */
  flush(): void
  /** What comes next, with the descriptor that came with it, or -1. Undefined: there is none now. A loss: there will be none. */
  take(): {readonly answer: NetAnswer | Arrival; readonly fd: number} | BrokerLoss | undefined
}

/** @returns undefined: it is none */
export function toQuestion(line: string): NetQuestion | ArrivalNotice | undefined {
  const given = toObject(line)
  if (given === undefined || !isCount(given.id)) return undefined
  const {kind, id, isStream, ip, port, name, type} = given
  if (kind === 'taken' || kind === 'released') return {kind, id}
  if (kind === 'resolve') {
    if (typeof name !== 'string' || typeof type !== 'string' || !Object.hasOwn(DNS_TYPES, type))
      return undefined
    return {kind, id, name, type: type as DnsType}
  }
  if (kind === 'closed') return {kind, id}
  if (kind !== 'connect') return undefined
  if (typeof isStream !== 'boolean' || typeof ip !== 'string' || !isCount(port)) return undefined
  return {kind, id, isStream, ip, port}
}

/** @returns undefined: it is none */
export function toAnswer(line: string): NetAnswer | Arrival | undefined {
  const given = toObject(line)
  if (given !== undefined && 'arrival' in given) return toArrival(given)
  if (given === undefined || !isCount(given.id) || !isCount(given.errno) || given.errno > MAX_ERRNO)
    return undefined
  const {id, errno, needs, records, isHeld} = given
  if (needs !== undefined && (typeof needs !== 'string' || needs.length > MOST_RULE)) return undefined
  if (records !== undefined && !areRecords(records)) return undefined
  if (isHeld !== undefined && isHeld !== true) return undefined
  return {
    ...{id, errno},
    ...(needs !== undefined && {needs}),
    ...(records !== undefined && {records}),
    ...(isHeld && {isHeld}),
  }
}

function toArrival({
  arrival,
  isStream,
  ip,
  port,
  guestPort,
  data,
}: Record<string, unknown>): Arrival | undefined {
  if (!isCount(arrival) || typeof isStream !== 'boolean' || typeof ip !== 'string') return undefined
  if (!isPort(port) || !isPort(guestPort) || !IP.test(ip)) return undefined
  if (isStream ? data !== undefined : typeof data !== 'string') return undefined
  return {arrival, isStream, ip, port, guestPort, ...(!isStream && {data: data as string})}
}

function areRecords(given: unknown): given is DnsRecord[] {
  return Array.isArray(given) && given.length <= MOST_RECORDS && given.every(isRecord)
}

function isRecord(given: unknown): given is DnsRecord {
  const {ttl, data} = (given ?? {}) as Record<string, unknown>
  return isCount(ttl) && ttl <= MAX_TTL && typeof data === 'string' && data.length <= MOST_DATA
}

function toObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const isPort = (value: unknown): value is number => isCount(value) && value >= 1 && value <= MAX_PORT
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
