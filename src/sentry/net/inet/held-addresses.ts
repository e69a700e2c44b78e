// HeldAddresses: how many ends of connections hold each address and port. One port may have thousands: bind(2) asks for their number.

import {AF_INET} from '../../../abi/socket.ts'
import {ANY, ANY6, type Endpoint, type IpAddress, isAny, isIPv4} from './address.ts'
import type {InetSocket} from './inet-socket.ts'

/** What has an address and port that bind(2) did not ask for: a connection that was accepted, or an end in TIME_WAIT. */
export interface AddressHolder {
  readonly local: Endpoint
  /** SO_REUSEADDR. */
  readonly reusesAddress: boolean
  /** SO_REUSEPORT, with the sockets of `uid`. */
  readonly reusesPort: boolean
  readonly uid: number
  readonly isIPv6Only: boolean
}

/** What an IPv6 socket that has an address has beside it: an IPv4 socket that is bound to all addresses finds it. */
const LOOPBACK4_IPV6 = 0x7f00_0006

export const hasIPv4Address = ({local, isIPv6Only}: AddressHolder): boolean =>
  !isIPv4(local.ip) && !isAny(local.ip) && !isIPv6Only

/** In place of a user: it shares its port with everybody's sockets. */
export const ANY_USER = -1

interface Count {
  all: number
  /** Without SO_REUSEADDR. */
  firm: number
}

/** What a holder is counted as: its options may change later. */
interface Entry {
  readonly keys: readonly string[]
  readonly isFirm: boolean
}

const NONE: Readonly<Count> = {all: 0, firm: 0}

/** @param uid of sockets with SO_REUSEPORT; undefined: of all */
const keyOf = (ip: IpAddress, port: number, uid?: number): string => `${port} ${ip} ${uid ?? ''}`

export class HeldAddresses<Holder extends AddressHolder> {
  readonly #entries = new Map<Holder, Entry>()
  readonly #counts = new Map<string, Count>()

  get size(): number {
    return this.#entries.size
  }

  all(): Iterable<Holder> {
    return this.#entries.keys()
  }

  add(holder: Holder): void {
    const {local, reusesPort, uid, reusesAddress} = holder
    const ips = [local.ip, isIPv4(local.ip) ? ANY : ANY6]
    if (hasIPv4Address(holder)) ips.push(LOOPBACK4_IPV6)
    const keys = ips.map((ip) => keyOf(ip, local.port))
    if (reusesPort) keys.push(...ips.map((ip) => keyOf(ip, local.port, uid)))
    const entry = {keys, isFirm: !reusesAddress}
    this.#entries.set(holder, entry)
    this.#count(entry, 1)
  }

  /** @returns whether it was there */
  delete(holder: Holder): boolean {
    const entry = this.#entries.get(holder)
    if (entry === undefined) return false
    this.#entries.delete(holder)
    this.#count(entry, -1)
    return true
  }

  #count({keys, isFirm}: Entry, change: number): void {
    for (const key of keys) {
      const count = this.#counts.get(key) ?? {all: 0, firm: 0}
      count.all += change
      if (isFirm) count.firm += change
      if (count.all === 0) this.#counts.delete(key)
      else this.#counts.set(key, count)
    }
  }

  /** Whether one of them forbids a socket to have that address and port. */
  forbid(socket: InetSocket, ip: IpAddress, port: number): boolean {
    if (this.#entries.size === 0) return false
    if (this.#forbidAt(socket, ip, port)) return true
    if (ip === ANY && socket.family.number === AF_INET && this.#forbidAt(socket, LOOPBACK4_IPV6, port))
      return true
    return ip === ANY6 && !socket.isIPv6Only && this.#forbidAt(socket, ANY, port)
  }

  #forbidAt(socket: InetSocket, ip: IpAddress, port: number): boolean {
    const kind = socket.reusesAddress ? 'firm' : 'all'
    const count = (uid?: number): number => (this.#counts.get(keyOf(ip, port, uid)) ?? NONE)[kind]
    return count() > (socket.reusesPort ? count(socket.uid) + count(ANY_USER) : 0)
  }
}
