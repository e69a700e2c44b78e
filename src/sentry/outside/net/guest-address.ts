// The addresses of a guest's own network that its embedder may name, as text, and how all of its addresses are shown.

import {AF_INET, AF_INET6} from '../../../abi/socket.ts'
import {
  ANY6,
  decodeEndpoint,
  familyOf,
  type IpAddress,
  isIPv4,
  LOOPBACK,
  LOOPBACK6,
} from '../../net/inet/address.ts'

/** Which listener of the guest: of TCP, or a UNIX socket by its path; `\0` before the name of an abstract one. */
export type GuestEndpoint =
  | {
      /** 127.x.x.x or ::1; absent: both loopback addresses, one after the other. */
      host?: string
      port: number
    }
  | {unix: string}

/** @param host as `isLoopbackText` has checked it */
export function addressesOf(host: string | undefined): readonly IpAddress[] {
  if (host === undefined) return [LOOPBACK, LOOPBACK6]
  if (host === '::1') return [LOOPBACK6]
  return [host.split('.').reduce((ip, byte) => ip * 256 + Number(byte), 0)]
}

/** Addresses that only the guest itself has. */
export const isLoopbackText = (host: string): boolean => host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** One end of a TCP connection. */
export interface GuestEnd {
  address: string
  port: number
}

/** @param name a struct sockaddr @returns undefined: of another family */
export function endOf(name: Uint8Array | undefined): GuestEnd | undefined {
  const family = name && familyOf(name)
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const {ip, port} = decodeEndpoint(name!, family)
  return {address: textOf(ip), port}
}

export function textOf(ip: IpAddress): string {
  if (isIPv4(ip)) return [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255].join('.')
  if (ip === ANY6) return '::'
  if (ip === LOOPBACK6) return '::1'
  return ip
    .match(/.{4}/g)!
    .map((digits) => Number.parseInt(digits, 16).toString(16))
    .join(':')
}
