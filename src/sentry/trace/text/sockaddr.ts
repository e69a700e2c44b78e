// struct sockaddr as strace writes it.

import {SocketAddress as NodeSocketAddress} from 'node:net'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MAX_ADDRESS,
  UNIX_ADDRESS_MAX,
  UNIX_PATH_OFFSET,
} from '../../../abi/socket.ts'
import type {UserMemory} from '../../memory/user-memory.ts'
import {plainName, type SocketAddress} from '../argument-value.ts'
import {familyName} from '../names/sockets.ts'
import {hexOf} from './number.ts'
import {quote} from './quote.ts'

/** How much is looked at: the family, a port, and the address after them (for IPv6, after the flow). */
const INET_BYTES = 8
const INET6_BYTES = 24

/** @throws Errno EFAULT */
export function showAddress(memory: UserMemory, address: number, length: number): string {
  if (length < UNIX_PATH_OFFSET) return hexOf(address)
  const bytes = memory.readBytes(address, Math.min(length, MAX_ADDRESS))
  const family = bytes[0] | (bytes[1] << 8)
  const data = bytes.subarray(UNIX_PATH_OFFSET, family === AF_UNIX ? UNIX_ADDRESS_MAX : undefined)
  const parts = [`sa_family=${familyName(family)}`]
  if (data.length > 0)
    parts.push(family === AF_UNIX ? `sun_path=${showPath(data)}` : `sa_data=${quote(data)}`)
  return `{${parts.join(', ')}}`
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
    return {family, address: inet6(view), port: view.getUint16(2)}
  return {family}
}

function unixName(name: Uint8Array): Pick<SocketAddress, 'path' | 'abstract'> {
  if (name.length === 0) return {}
  if (name[0] === 0) return {abstract: Buffer.from(name.subarray(1)).toString()}
  const end = name.indexOf(0)
  return {path: Buffer.from(end < 0 ? name : name.subarray(0, end)).toString()}
}

/** In its short form. */
function inet6(view: DataView): string {
  const groups = Array.from({length: 8}, (_, index) => view.getUint16(8 + 2 * index).toString(16))
  return new NodeSocketAddress({address: groups.join(':'), family: 'ipv6'}).address
}

function showPath(bytes: Uint8Array): string {
  if (bytes[0] === 0) return `@${quote(bytes.subarray(1))}`
  const end = bytes.indexOf(0)
  return quote(end < 0 ? bytes : bytes.subarray(0, end))
}
