// PublishedPorts: the broker's end of published ports: accepts connections, and passes them to the sentry.
//
// Connections that the sentry has not taken, and those that it has, are bounded: beyond that, peers wait in the host's backlog.

import type {BrokerAddon} from './addon.ts'
import {canonicalIp, isLoopback} from './address-kinds.ts'
import {HOST_ADDRESS} from './net-policy.ts'
import type {OpenPort} from './open-ports.ts'
import type {Arrival, ArrivalNotice} from './protocol.ts'
import {ipBytes} from './records.ts'

/** Connections that the sentry has not taken yet. */
const MOST_ON_THE_WAY = 32
/** How long it accepts nothing when this process has no descriptor left. */
const PAUSE_MS = 100

/** What it needs of the addon and of the event loop. */
export interface PortHost extends Pick<BrokerAddon, 'acceptConnection' | 'openFlow' | 'receiveDatagram'> {
  hostClose(fd: number): number
  /** Calls the listener while the descriptor is readable. */
  watch(fd: number, listener: () => void): Disposable
}

/** A datagram, and who has sent it. */
type PeerDatagram = [bytes: Uint8Array, ip: string, port: number]

export class PublishedPorts {
  readonly #host: PortHost
  readonly #most: number
  /** @returns false: nobody takes it */
  #send: (arrival: Arrival, fd: number) => boolean = () => false
  readonly #ports: readonly OpenPort[]
  readonly #watches = new Map<OpenPort, Disposable>()
  /** By the numbers that the sentry knows: those that it has not let go of. */
  readonly #open = new Map<number, string>()
  /** Of UDP, by their peers. */
  readonly #flows = new Map<string, number>()
  #last = 0
  #onTheWay = 0
  #pause: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** @param ports whose descriptors are its own from here on @param most connections at a time */
  constructor(ports: readonly OpenPort[], most: number, host: PortHost) {
    this.#ports = ports
    this.#most = most
    this.#host = host
  }

  begin(send: (arrival: Arrival, fd: number) => boolean): void {
    this.#send = send
    this.#watch()
  }

  /** What the sentry says, which may have been broken into. */
  hear({kind, id}: ArrivalNotice): void {
    if (kind === 'released') this.#forget(id)
    else if (this.#onTheWay > 0) this.#onTheWay--
    this.#watch()
  }

  #forget(id: number): void {
    const flow = this.#open.get(id)
    this.#open.delete(id)
    if (flow !== undefined && this.#flows.get(flow) === id) this.#flows.delete(flow)
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unwatch()
    clearTimeout(this.#pause)
    for (const {fd} of this.#ports) this.#host.hostClose(fd)
  }

  get #hasRoom(): boolean {
    return this.#onTheWay < MOST_ON_THE_WAY && this.#open.size < this.#most
  }

  #watch(): void {
    if (this.#isClosed || this.#pause !== undefined || !this.#hasRoom) return
    for (const port of this.#ports) {
      if (!this.#watches.has(port))
        this.#watches.set(
          port,
          this.#host.watch(port.fd, () => this.#accept(port)),
        )
    }
  }

  #unwatch(): void {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]()
    this.#watches.clear()
  }

  /** As many as may be under way: others, and the rest of this process, have their turns, whatever comes. */
  #accept(port: OpenPort): void {
    for (let turns = 0; turns < MOST_ON_THE_WAY && this.#hasRoom && !this.#isClosed; turns++) {
      if (port.protocol === 'udp') {
        const datagram = this.#host.receiveDatagram(port.fd)
        if (datagram === undefined) return
        this.#receiveAll(port, datagram)
        continue
      }
      const accepted = this.#host.acceptConnection(port.fd)
      if (accepted === undefined) return
      const [fd, ip, peerPort] = accepted
      if (fd < 0) {
        this.#pauseAWhile()
        return
      }
      this.#pass(port, fd, ip, peerPort)
    }
    // Who comes now waits with the host.
    if (!this.#hasRoom) this.#unwatch()
  }

  #pass({guestPort}: OpenPort, fd: number, peer: string, port: number): void {
    const id = ++this.#last
    this.#sendWith({arrival: id, isStream: true, ip: shownIp(peer), port, guestPort}, fd, '')
  }

  /** With what comes meanwhile to the sockets of new flows. What is more than may be under way is lost. */
  #receiveAll(port: OpenPort, first: PeerDatagram): void {
    const all = [first]
    for (const datagram of all)
      if (this.#hasRoom) all.push(...this.#receive(port, datagram).slice(0, MOST_ON_THE_WAY - all.length))
  }

  /** The first of a peer makes a flow, whose socket gets the next ones. @returns what came to that socket from others */
  #receive(port: OpenPort, [bytes, ip, peerPort]: PeerDatagram): PeerDatagram[] {
    const {address, hostPort, guestPort} = port
    const key = `${port.fd} ${ip} ${peerPort}`
    const known = this.#flows.get(key)
    const fd = known === undefined ? this.#host.openFlow(address, hostPort, ip, peerPort) : -1
    // Without a socket it is lost, as datagrams are.
    if (known === undefined && fd < 0) return []
    const id = known ?? ++this.#last
    const data = Buffer.from(bytes).toString('base64')
    // What came to the new socket before it was connected may be anybody's.
    const others: PeerDatagram[] = []
    for (let next = fd < 0 ? undefined : this.#host.receiveDatagram(fd); next !== undefined; ) {
      if (others.push(next) >= MOST_ON_THE_WAY) break
      next = this.#host.receiveDatagram(fd)
    }
    this.#sendWith({arrival: id, isStream: false, ip: shownIp(ip), port: peerPort, guestPort, data}, fd, key)
    return others
  }

  #sendWith(arrival: Arrival, fd: number, flow: string): void {
    try {
      if (!this.#send(arrival, fd)) return
      if (fd >= 0) this.#open.set(arrival.arrival, flow)
      if (fd >= 0 && !arrival.isStream) this.#flows.set(flow, arrival.arrival)
      this.#onTheWay++
    } finally {
      if (fd >= 0) this.#host.hostClose(fd)
    }
  }

  #pauseAWhile(): void {
    this.#unwatch()
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#watch()
    }, PAUSE_MS)
    this.#pause.unref()
  }
}

/** A guest's own loopback is the sandbox's: a peer that comes by the host's has the host's address there. */
function shownIp(peer: string): string {
  const ip = canonicalIp(peer) ?? HOST_ADDRESS
  return ipBytes(isLoopback(ip) ? HOST_ADDRESS : ip).toString('hex')
}
