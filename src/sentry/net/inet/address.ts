// Internet addresses: IpAddress, Endpoint, and the struct sockaddr_in and sockaddr_in6 that an endpoint is written as: ip(7), ipv6(7).

import {EAFNOSUPPORT, EINVAL, Errno} from '../../../abi/errno.ts'
import {SOCKADDR_IN_BYTES, SOCKADDR_IN6_BYTES, SOCKADDR_IN6_LEAST_BYTES} from '../../../abi/inet.ts'
import {AF_INET, AF_UNSPEC} from '../../../abi/socket.ts'

/**
 * IPv4: the address as an unsigned number, 127.0.0.1 being 0x7f000001. IPv6: 32 hexadecimal digits.
 * A mapped address (::ffff:127.0.0.1) is the IPv4 address that it stands for.
 */
export type IpAddress = number | string

export interface Endpoint {
  readonly ip: IpAddress
  readonly port: number
}

/** INADDR_ANY, in6addr_any. */
export const ANY = 0
export const ANY6 = '0'.repeat(32)
export const LOOPBACK = 0x7f00_0001
export const LOOPBACK6 = `${'0'.repeat(31)}1`
/** The broadcast address of 127.0.0.0/8. */
export const LOOPBACK_BROADCAST = 0x7fff_ffff
export const BROADCAST = 0xffff_ffff
const MAPPED = `${'0'.repeat(20)}ffff`

export const isIPv4 = (ip: IpAddress): ip is number => typeof ip === 'number'
export const isAny = (ip: IpAddress): boolean => ip === ANY || ip === ANY6
export const isBroadcast = (ip: IpAddress): boolean => ip === LOOPBACK_BROADCAST || ip === BROADCAST
export const isMulticast = (ip: IpAddress): boolean => (isIPv4(ip) ? ip >>> 28 === 0xe : ip.startsWith('ff'))
/** An address of many receivers. */
export const isGroup = (ip: IpAddress): boolean => isMulticast(ip) || isBroadcast(ip)
/** Whether the sandbox itself answers there. */
export const isLoopback = (ip: IpAddress): boolean => (isIPv4(ip) ? ip >>> 24 === 127 : ip === LOOPBACK6)

export const loopbackOf = (ip: IpAddress): IpAddress => (isIPv4(ip) ? LOOPBACK : LOOPBACK6)

/** The own end of what goes to, or comes from, `remote`, if the socket is bound to `bound`. */
export const sourceOf = (bound: IpAddress, remote: IpAddress): IpAddress =>
  isAny(bound) ? loopbackOf(remote) : bound

export const familyOf = (address: Uint8Array): number => address[0] | (address[1] << 8)

/** @param family of the address @throws Errno EINVAL, EAFNOSUPPORT */
export function decodeEndpoint(address: Uint8Array, family: number): Endpoint {
  if (address.length < (family === AF_INET ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_LEAST_BYTES))
    throw new Errno(EINVAL)
  if (familyOf(address) !== family) throw new Errno(EAFNOSUPPORT)
  const port = (address[2] << 8) | address[3]
  return {port, ip: family === AF_INET ? ipv4At(address, 4) : decodeIPv6(address.subarray(8, 24))}
}

/** @param family of the socket: an IPv6 socket shows an IPv4 address as a mapped one */
export function encodeEndpoint({ip, port}: Endpoint, family: number): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES)
  bytes.set([family, 0, port >> 8, port & 0xff])
  bytes.set(encodeIp(ip, family), family === AF_INET ? 4 : 8)
  return bytes
}

/** struct in_addr or in6_addr. Precondition: an IPv6 address is none of an IPv4 socket. */
export function encodeIp(ip: IpAddress, family: number): Uint8Array {
  if (!isIPv4(ip)) return Buffer.from(ip, 'hex')
  if (family === AF_INET) return Uint8Array.of(ip >>> 24, ip >>> 16, ip >>> 8, ip)
  return Buffer.from(`${MAPPED}${ip.toString(16).padStart(8, '0')}`, 'hex')
}

/** As inet_ntop(3), but with all groups of an IPv6 address. */
export function formatIp(ip: IpAddress): string {
  if (!isIPv4(ip)) return ip.match(/.{4}/g)!.join(':')
  return [ip >>> 24, (ip >>> 16) & 0xff, (ip >>> 8) & 0xff, ip & 0xff].join('.')
}

/** @param bytes 16 of them */
export function decodeIPv6(bytes: Uint8Array): IpAddress {
  const digits = Buffer.from(bytes).toString('hex')
  return digits.startsWith(MAPPED) ? ipv4At(bytes, 12) : digits
}

export function ipv4At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

/** What bind(2) names: AF_UNSPEC is accepted with INADDR_ANY. @throws Errno EINVAL, EAFNOSUPPORT */
export function decodeBound(address: Uint8Array, family: number, isIPv6Only: boolean): Endpoint {
  const isUnnamed = family === AF_INET && familyOf(address) === AF_UNSPEC && address.length >= 16
  const named = isUnnamed && address.subarray(4, 8).every((byte) => byte === 0)
  const bytes = named ? Uint8Array.of(family, 0, ...address.subarray(2)) : address
  const endpoint = decodeEndpoint(bytes, family)
  // A mapped address is an IPv4 one.
  if (family !== AF_INET && isIPv4(endpoint.ip) && isIPv6Only) throw new Errno(EINVAL)
  return endpoint
}
