// AcceptedSockets: how many accepted connections hold each address and port. One port may have thousands: bind(2) asks for their number.

import {SO_REUSEADDR} from '../../../abi/socket.ts'
import {ANY, ANY6, type IpAddress, isIPv4} from './address.ts'
import type {InetSocket} from './inet-socket.ts'

interface Count {
  all: number
  /** Without SO_REUSEADDR. */
  firm: number
}

/** What a connection is counted as: its options may change later. */
interface Entry {
  readonly keys: readonly string[]
  readonly isFirm: boolean
}

const NONE: Readonly<Count> = {all: 0, firm: 0}

/** @param uid of sockets with SO_REUSEPORT; undefined: of all */
const keyOf = (ip: IpAddress, port: number, uid?: number): string => `${port} ${ip} ${uid ?? ''}`

export class AcceptedSockets {
  readonly #entries = new Map<InetSocket, Entry>()
  readonly #counts = new Map<string, Count>()

  get size(): number {
    return this.#entries.size
  }

  all(): Iterable<InetSocket> {
    return this.#entries.keys()
  }

  add(socket: InetSocket): void {
    const {local, reusesPort, uid, options} = socket
    const ips = [local.ip, isIPv4(local.ip) ? ANY : ANY6]
    const keys = ips.map((ip) => keyOf(ip, local.port))
    if (reusesPort) keys.push(...ips.map((ip) => keyOf(ip, local.port, uid)))
    const entry = {keys, isFirm: !options.isOn(SO_REUSEADDR)}
    this.#entries.set(socket, entry)
    this.#count(entry, 1)
  }

  delete(socket: InetSocket): void {
    const entry = this.#entries.get(socket)
    if (entry === undefined) return
    this.#entries.delete(socket)
    this.#count(entry, -1)
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
    return ip === ANY6 && !socket.isIPv6Only && this.#forbidAt(socket, ANY, port)
  }

  #forbidAt(socket: InetSocket, ip: IpAddress, port: number): boolean {
    const kind = socket.options.isOn(SO_REUSEADDR) ? 'firm' : 'all'
    const held = this.#counts.get(keyOf(ip, port)) ?? NONE
    const shared = socket.reusesPort ? (this.#counts.get(keyOf(ip, port, socket.uid)) ?? NONE) : NONE
    return held[kind] > shared[kind]
  }
}
