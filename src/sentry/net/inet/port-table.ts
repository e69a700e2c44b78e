// PortTable: which sockets of one protocol hold which ports, and whether another may join them: bind(2), ip(7), socket(7).

import {EADDRINUSE, Errno} from '../../../abi/errno.ts'
import {FIRST_LOCAL_PORT, LAST_LOCAL_PORT} from '../../../abi/inet.ts'
import {AF_INET} from '../../../abi/socket.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import {ANY, ANY6, type IpAddress, isAny, isIPv4} from './address.ts'
import {FreePorts} from './free-ports.ts'
import {type AddressHolder, HeldAddresses, hasIPv4Address} from './held-addresses.ts'
import type {InetSocket} from './inet-socket.ts'

/** Sockets that share one port, besides connections that were accepted: a call may look at all of them. Linux has no such limit. */
export const MOST_PER_PORT = 4096
const NONE: ReadonlySet<InetSocket> = new Set()

export class PortTable {
  readonly #byPort = new Map<number, Set<InetSocket>>()
  readonly #accepted = new HeldAddresses<InetSocket>()
  /** Ends of connections without a socket. */
  readonly #ended = new HeldAddresses<AddressHolder>()
  /** How many of all of them hold each port. */
  readonly #holders = new Map<number, number>()
  /** Made when the first socket is bound. */
  #freePorts: FreePorts | undefined
  readonly #random: HostRandom
  /** How many UDP sockets have been connected so far. */
  connections = 0

  constructor(random: HostRandom) {
    this.#random = random
  }

  /** Sockets that hold a port, the oldest first, without those that a listener has made. */
  at(port: number): ReadonlySet<InetSocket> {
    return this.#byPort.get(port) ?? NONE
  }

  get #free(): FreePorts {
    this.#freePorts ??= new FreePorts()
    return this.#freePorts
  }

  get hasFree(): boolean {
    return this.#free.count > 0
  }

  /** How many sockets hold a port. */
  get size(): number {
    let size = this.#accepted.size
    for (const sockets of this.#byPort.values()) size += sockets.size
    return size
  }

  *all(): Iterable<InetSocket> {
    for (const sockets of this.#byPort.values()) yield* sockets
    yield* this.#accepted.all()
  }

  /** @param port 0: any free one @returns the port @throws Errno EADDRINUSE */
  bind(socket: InetSocket, ip: IpAddress, port: number): number {
    const chosen = port === 0 ? this.#choose(socket, ip) : port
    if (port !== 0 && this.isTaken(socket, ip, port)) throw new Errno(EADDRINUSE)
    this.join(socket, chosen)
    return chosen
  }

  /** Without a question about who else is there. @throws Errno EADDRINUSE: too many share the port */
  join(socket: InetSocket, port: number): void {
    const sockets = this.#byPort.get(port)
    if (sockets === undefined) this.#byPort.set(port, new Set([socket]))
    else {
      if (sockets.size >= MOST_PER_PORT) throw new Errno(EADDRINUSE)
      sockets.add(socket)
    }
    this.#count(port, 1)
  }

  #count(port: number, change: number): void {
    const before = this.#holders.get(port) ?? 0
    if (before === 0) this.#free.take(port)
    this.#holders.set(port, before + change)
    if (before + change > 0) return
    this.#holders.delete(port)
    this.#free.give(port)
  }

  /** Makes it the youngest of those that share its port. Precondition: it is none that was accepted. */
  renew(socket: InetSocket): void {
    const sockets = this.#byPort.get(socket.local.port)
    if (sockets?.delete(socket)) sockets.add(socket)
  }

  /** A connection that was accepted has its listener's port. */
  accept(socket: InetSocket): void {
    this.#accepted.add(socket)
    this.#count(socket.local.port, 1)
  }

  /** Its connection has ended, and it keeps its port for a while. */
  keep(end: AddressHolder): void {
    this.#ended.add(end)
    this.#count(end.local.port, 1)
  }

  /** Precondition: it was kept. */
  drop(end: AddressHolder): void {
    this.#ended.delete(end)
    this.#count(end.local.port, -1)
  }

  leave(socket: InetSocket, port: number): void {
    const sockets = this.#byPort.get(port)
    if (sockets?.delete(socket)) {
      if (sockets.size === 0) this.#byPort.delete(port)
    } else if (!this.#accepted.delete(socket)) return
    this.#count(port, -1)
  }

  /** Whether a socket there forbids this one. */
  isTaken(socket: InetSocket, ip: IpAddress, port: number): boolean {
    for (const other of this.at(port)) {
      if (other === socket || !overlap(socket, ip, other) || mayShare(socket, other)) continue
      // Its address is as another machine's.
      if (!(other.isService && isAny(ip))) return true
    }
    return this.#accepted.forbid(socket, ip, port) || this.#ended.forbid(socket, ip, port)
  }

  /** When no port is free, one that others let this socket share: as many steps as there are ports. */
  #choose(socket: InetSocket, ip: IpAddress): number {
    const free = this.#free.choose(this.#random)
    if (free !== undefined) return free
    for (let port = FIRST_LOCAL_PORT; port <= LAST_LOCAL_PORT; port++) {
      if (!this.isTaken(socket, ip, port)) return port
    }
    throw new Errno(EADDRINUSE)
  }
}

/** Whether packets for one address could be for both. inet_rcv_saddr_equal in Linux. */
function overlap(socket: InetSocket, ip: IpAddress, other: InetSocket): boolean {
  if (covers(ip, socket.isIPv6Only, other.local.ip) || covers(other.local.ip, other.isIPv6Only, ip))
    return true
  return ip === ANY && socket.family.number === AF_INET && hasIPv4Address(other)
}

/** Whether a socket that is bound to `bound` receives what is sent to `ip`, or to all addresses of its kind. */
export function covers(bound: IpAddress, isIPv6Only: boolean, ip: IpAddress): boolean {
  if (isIPv6Only && isIPv4(ip)) return false
  if (bound === ip) return true
  if (bound === ANY) return isIPv4(ip)
  return bound === ANY6 || (isAny(ip) && isIPv4(bound) === isIPv4(ip))
}

/** inet_csk_bind_conflict, udp_lib_lport_inuse in Linux. */
function mayShare(socket: InetSocket, other: InetSocket): boolean {
  if (socket.reusesPort && other.reusesPort && socket.uid === other.uid) return true
  return socket.reusesAddress && other.reusesAddress && !other.isListening
}
