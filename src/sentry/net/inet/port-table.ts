// PortTable: which sockets of one protocol hold which ports, and whether another may join them: bind(2), ip(7), socket(7).

import {EADDRINUSE, Errno} from '../../../abi/errno.ts'
import {FIRST_LOCAL_PORT, LAST_LOCAL_PORT} from '../../../abi/inet.ts'
import {SO_REUSEADDR} from '../../../abi/socket.ts'
import type {HostRandom} from '../../../vfs/host.ts'
import {AcceptedSockets} from './accepted-sockets.ts'
import {ANY, ANY6, type IpAddress, isAny, isIPv4} from './address.ts'
import {FreePorts} from './free-ports.ts'
import type {InetSocket} from './inet-socket.ts'

/** Sockets that share one port, besides connections that were accepted: a call may look at all of them. Linux has no such limit. */
export const MOST_PER_PORT = 4096
const NONE: ReadonlySet<InetSocket> = new Set()

export class PortTable {
  readonly #byPort = new Map<number, Set<InetSocket>>()
  readonly #accepted = new AcceptedSockets()
  /** Made when the first socket is bound. */
  #free: FreePorts | undefined
  readonly #random: HostRandom

  constructor(random: HostRandom) {
    this.#random = random
  }

  /** Sockets that hold a port, the oldest first, without those that a listener has made. */
  at(port: number): ReadonlySet<InetSocket> {
    return this.#byPort.get(port) ?? NONE
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
    this.#free ??= new FreePorts()
    const sockets = this.#byPort.get(port)
    if (sockets === undefined) {
      this.#byPort.set(port, new Set([socket]))
      this.#free.take(port)
    } else {
      if (sockets.size >= MOST_PER_PORT) throw new Errno(EADDRINUSE)
      sockets.add(socket)
    }
  }

  /** A connection that was accepted has its listener's port. */
  accept(socket: InetSocket): void {
    this.#accepted.add(socket)
  }

  leave(socket: InetSocket, port: number): void {
    this.#accepted.delete(socket)
    const sockets = this.#byPort.get(port)
    if (!sockets?.delete(socket) || sockets.size > 0) return
    this.#byPort.delete(port)
    this.#free?.give(port)
  }

  /** Whether a socket there forbids this one. */
  isTaken(socket: InetSocket, ip: IpAddress, port: number): boolean {
    for (const other of this.at(port)) {
      if (other === socket || !overlap(socket, ip, other) || mayShare(socket, other)) continue
      // Its address is as another machine's.
      if (!(other.isService && isAny(ip))) return true
    }
    return this.#accepted.forbid(socket, ip, port)
  }

  /** When no port is free, one that others let this socket share: as many steps as there are ports. */
  #choose(socket: InetSocket, ip: IpAddress): number {
    this.#free ??= new FreePorts()
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
  return covers(ip, socket.isIPv6Only, other.local.ip) || covers(other.local.ip, other.isIPv6Only, ip)
}

/** Whether a socket that is bound to `bound` receives what is sent to `ip`, or to all addresses of its kind. */
export function covers(bound: IpAddress, isIPv6Only: boolean, ip: IpAddress): boolean {
  if (bound === ip) return true
  if (bound === ANY) return isIPv4(ip)
  if (bound !== ANY6) return isAny(ip) && isIPv4(bound) === isIPv4(ip)
  return !isIPv4(ip) || !isIPv6Only
}

/** inet_csk_bind_conflict, udp_lib_lport_inuse in Linux. */
function mayShare(socket: InetSocket, other: InetSocket): boolean {
  if (socket.reusesPort && other.reusesPort && socket.uid === other.uid) return true
  return socket.options.isOn(SO_REUSEADDR) && other.options.isOn(SO_REUSEADDR) && !other.isListening
}
