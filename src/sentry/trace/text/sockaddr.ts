// struct sockaddr as strace writes it.

import {SocketAddress as NodeSocketAddress} from 'node:net'
import {SOCKADDR_IN_BYTES, SOCKADDR_IN6_BYTES, SOCKADDR_IN6_LEAST_BYTES} from '../../../abi/inet.ts'
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  MAX_ADDRESS,
  UNIX_ADDRESS_MAX,
  UNIX_PATH_OFFSET,
} from '../../../abi/socket.ts'
import type {UserMemory} from '../../memory/user-memory.ts'
import {plainName, type SocketAddress} from '../argument-value.ts'
import {familyName} from '../names/sockets.ts'
import {viewOf} from '../traced-call.ts'
import {hexOf} from './number.ts'
import {quote} from './quote.ts'

const NETLINK_BYTES = 12
/** How much is looked at: the family, a port, and the address after them (for IPv6, after the flow). */
const INET_BYTES = 8
const INET6_BYTES = 24
/** The one interface. */
const LO_INDEX = 1

/** @throws Errno EFAULT */
export function showAddress(memory: UserMemory, address: number, length: number): string {
  if (length < UNIX_PATH_OFFSET) return hexOf(address)
  const bytes = memory.readBytes(address, Math.min(length, MAX_ADDRESS))
  const family = bytes[0] | (bytes[1] << 8)
  const fields = FIELDS.get(family)?.(bytes)
  if (fields !== undefined) return `{sa_family=${familyName(family)}, ${fields}}`
  const data = bytes.subarray(UNIX_PATH_OFFSET, family === AF_UNIX ? UNIX_ADDRESS_MAX : undefined)
  const parts = [`sa_family=${familyName(family)}`]
  if (data.length > 0)
    parts.push(family === AF_UNIX ? `sun_path=${showPath(data)}` : `sa_data=${quote(data)}`)
  return `{${parts.join(', ')}}`
}

/** By family. @returns undefined: the address is too short */
const FIELDS: ReadonlyMap<number, (bytes: Uint8Array) => string | undefined> = new Map([
  [AF_INET, inetFields],
  [AF_INET6, inet6Fields],
  [AF_NETLINK, netlinkFields],
])

function inetFields(bytes: Uint8Array): string | undefined {
  if (bytes.length < SOCKADDR_IN_BYTES) return undefined
  return `sin_port=htons(${viewOf(bytes).getUint16(2)}), sin_addr=${showIPv4(bytes, 4)}`
}

function inet6Fields(bytes: Uint8Array): string | undefined {
  if (bytes.length < SOCKADDR_IN6_LEAST_BYTES) return undefined
  const view = viewOf(bytes)
  const head = `sin6_port=htons(${view.getUint16(2)}), sin6_flowinfo=htonl(${view.getUint32(4)})`
  const shown = `${head}, ${showIPv6(bytes, 8, 'sin6_addr')}`
  if (bytes.length < SOCKADDR_IN6_BYTES) return shown
  const scope = view.getUint32(24, true)
  return `${shown}, sin6_scope_id=${isLinkLocal(bytes) ? showInterface(scope) : scope}`
}

/** A unicast address of fe80::/10, or a group of an interface or a link. */
function isLinkLocal(bytes: Uint8Array): boolean {
  const [first, second] = [bytes[8], bytes[9]]
  return (first === 0xfe && (second & 0xc0) === 0x80) || (first === 0xff && [1, 2].includes(second & 0xf))
}

function netlinkFields(bytes: Uint8Array): string | undefined {
  if (bytes.length < NETLINK_BYTES) return undefined
  const view = viewOf(bytes)
  const groups = view.getUint32(8, true)
  const digits = groups === 0 ? '00000000' : `0x${groups.toString(16).padStart(6, '0')}`
  return `nl_pid=${view.getInt32(4, true)}, nl_groups=${digits}`
}

export function showIPv4(bytes: Uint8Array, at: number): string {
  return `inet_addr("${bytes.subarray(at, at + 4).join('.')}")`
}

/** @param field that holds it */
export function showIPv6(bytes: Uint8Array, at: number, field: string): string {
  return `inet_pton(AF_INET6, "${inet6(viewOf(bytes), at)}", &${field})`
}

export function showInterface(index: number): string {
  return index === LO_INDEX ? 'if_nametoindex("lo")' : String(index)
}

/** Decodes an address. @returns undefined: it has no family. @throws Errno EFAULT */
export function addressAt(memory: UserMemory, address: number, length: number): SocketAddress | undefined {
  if (length < UNIX_PATH_OFFSET || length > MAX_ADDRESS) return undefined
  const bytes = memory.readBytes(address, length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const number = view.getUint16(0, true)
  const family = plainName(familyName(number))
  if (number === AF_UNIX) return {family, ...unixName(bytes.subarray(UNIX_PATH_OFFSET, UNIX_ADDRESS_MAX))}
  if (number === AF_INET && length >= INET_BYTES)
    return {family, address: bytes.subarray(4, INET_BYTES).join('.'), port: view.getUint16(2)}
  if (number === AF_INET6 && length >= INET6_BYTES)
    return {family, address: inet6(view, 8), port: view.getUint16(2)}
  return {family}
}

function unixName(name: Uint8Array): Pick<SocketAddress, 'path' | 'abstract'> {
  if (name.length === 0) return {}
  if (name[0] === 0) return {abstract: Buffer.from(name.subarray(1)).toString()}
  const end = name.indexOf(0)
  return {path: Buffer.from(end < 0 ? name : name.subarray(0, end)).toString()}
}

/** In its short form. */
function inet6(view: DataView, at: number): string {
  const groups = Array.from({length: 8}, (_, index) => view.getUint16(at + 2 * index).toString(16))
  return new NodeSocketAddress({address: groups.join(':'), family: 'ipv6'}).address
}

function showPath(bytes: Uint8Array): string {
  if (bytes[0] === 0) return `@${quote(bytes.subarray(1))}`
  const end = bytes.indexOf(0)
  return quote(end < 0 ? bytes : bytes.subarray(0, end))
}
