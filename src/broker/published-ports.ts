// PublishedPorts: the broker's end of published ports: accepts connections, and passes them to the sentry.
//
// Connections that the sentry has not taken, and those that it has, are bounded: beyond that, peers wait in the host's backlog.

import type {BrokerAddon} from './addon.ts'
import {canonicalIp, isLoopback} from './address-kinds.ts'
import {Arrivals, MOST_ON_THE_WAY} from './arrivals.ts'
import type {SocketEnds} from './held-connections.ts'
import {HOST_ADDRESS} from './net-policy.ts'
import type {OpenPort} from './open-ports.ts'
import type {Arrival, ArrivalNotice} from './protocol.ts'
import {ipBytes} from './records.ts'

/** How long it accepts nothing when this process has no descriptor left. */
const PAUSE_MS = 100

/** What it needs of the addon and of the event loop. */
export interface PortHost
  extends SocketEnds,
    Pick<BrokerAddon, 'acceptConnection' | 'openFlow' | 'receiveDatagram'> {
  /** Calls the listener while the descriptor is readable. */
  watch(fd: number, listener: () => void): Disposable
}

/** A datagram, and who has sent it. */
type PeerDatagram = [bytes: Uint8Array, ip: string, port: number]

/** Of a connection. */
interface Origin {
  readonly entry: Entry
  /** Of UDP: the peer. */
  readonly peer: string
}

/** One port that is open. */
interface Entry {
  readonly port: OpenPort
  readonly arrivals: Arrivals<Origin>
  /** Of UDP: their numbers, by their peers. */
  readonly flows: Map<string, number>
  watch: Disposable | undefined
}

export class PublishedPorts {
  readonly #host: PortHost
  /** Whether a program runs: otherwise nobody can listen. */
  readonly #hasPrograms: () => boolean
  /** @returns false: nobody takes it */
  #send: ((arrival: Arrival, fd: number) => boolean) | undefined
  readonly #entries = new Set<Entry>()
  /** Each protocol has its own: datagrams, whose senders anybody can forge, take no room from connections. */
  readonly #arrivals: {readonly tcp: Arrivals<Origin>; readonly udp: Arrivals<Origin>}
  #last = 0
  #pause: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /** @param ports whose descriptors are its own from here on @param most connections of each protocol at a time */
  constructor(ports: readonly OpenPort[], most: number, host: PortHost, hasPrograms = () => true) {
    this.#host = host
    this.#hasPrograms = hasPrograms
    this.#arrivals = {tcp: new Arrivals(host, most), udp: new Arrivals(host, most)}
    for (const port of ports) this.add(port)
  }

  begin(send: (arrival: Arrival, fd: number) => boolean): void {
    this.#send = send
    this.#watch()
  }

  get ports(): OpenPort[] {
    return Array.from(this.#entries, ({port}) => port)
  }

  /** @param port whose descriptor is its own from here on */
  add(port: OpenPort): void {
    if (this.#isClosed) this.#host.hostClose(port.fd)
    else {
      const arrivals = this.#arrivals[port.protocol]
      this.#entries.add({port, arrivals, flows: new Map(), watch: undefined})
      this.#watch()
    }
  }

  /** Closes a port, and resets what came by it. */
  remove(port: OpenPort): void {
    for (const entry of this.#entries) if (entry.port === port) this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    this.#unwatch(entry)
    this.#host.hostClose(entry.port.fd)
    entry.arrivals.keepOnly((origin) => origin.entry !== entry)
  }

  /** What the sentry says, which may have been broken into. */
  hear({kind, id}: ArrivalNotice): void {
    for (const arrivals of Object.values(this.#arrivals)) {
      if (kind === 'taken') arrivals.taken(id)
      else this.#released(arrivals.released(id), id)
    }
    this.#watch()
  }

  #released(origin: Origin | undefined, id: number): void {
    if (origin?.entry.flows.get(origin.peer) === id) origin.entry.flows.delete(origin.peer)
  }

  /** The last program has ended: the sentry, which has nothing to do, takes nothing more. */
  resetUntaken(): void {
    for (const arrivals of Object.values(this.#arrivals)) arrivals.resetUntaken()
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#pause)
    for (const entry of this.#entries) {
      this.#unwatch(entry)
      this.#host.hostClose(entry.port.fd)
    }
    this.#entries.clear()
    for (const arrivals of Object.values(this.#arrivals)) arrivals.end()
  }

  #watch(): void {
    if (this.#send === undefined || this.#isClosed || this.#pause !== undefined) return
    for (const entry of this.#entries)
      if (entry.arrivals.hasRoom) entry.watch ??= this.#host.watch(entry.port.fd, () => this.#accept(entry))
  }

  #unwatch(entry: Entry): void {
    entry.watch?.[Symbol.dispose]()
    entry.watch = undefined
  }

  /** As many as may be under way: others, and the rest of this process, have their turns, whatever comes. */
  #accept(entry: Entry): void {
    const {port, arrivals} = entry
    for (let turns = 0; turns < MOST_ON_THE_WAY && arrivals.hasRoom && this.#entries.has(entry); turns++) {
      if (port.protocol === 'udp') {
        const datagram = this.#host.receiveDatagram(port.fd)
        if (datagram === undefined) return
        if (this.#hasPrograms()) this.#receiveAll(entry, datagram)
        continue
      }
      const accepted = this.#host.acceptConnection(port.fd)
      if (accepted === undefined) return
      const [fd, ip, peerPort] = accepted
      if (fd < 0) {
        this.#pauseAWhile()
        return
      }
      this.#pass(entry, fd, ip, peerPort)
    }
    // Who comes now waits with the host.
    if (!arrivals.hasRoom)
      for (const each of this.#entries) if (each.arrivals === arrivals) this.#unwatch(each)
  }

  #pass(entry: Entry, fd: number, peer: string, port: number): void {
    const {guestPort} = entry.port
    const arrival: Arrival = {arrival: ++this.#last, isStream: true, ip: shownIp(peer), port, guestPort}
    if (this.#hasPrograms() && this.#sendWith(entry, arrival, fd, '')) return
    this.#host.resetConnection(fd)
    this.#host.hostClose(fd)
  }

  /** With what comes meanwhile to the sockets of new flows. What is more than may be under way is lost. */
  #receiveAll(entry: Entry, first: PeerDatagram): void {
    const all = [first]
    for (const datagram of all)
      if (entry.arrivals.hasRoom)
        all.push(...this.#receive(entry, datagram).slice(0, MOST_ON_THE_WAY - all.length))
  }

  /** The first of a peer makes a flow, whose socket gets the next ones. @returns what came to that socket from others */
  #receive(entry: Entry, [bytes, ip, port]: PeerDatagram): PeerDatagram[] {
    const {address, hostPort, guestPort} = entry.port
    const peer = `${ip} ${port}`
    const known = entry.flows.get(peer)
    const fd = known === undefined ? this.#host.openFlow(address, hostPort, ip, port) : -1
    // Without a socket it is lost, as datagrams are.
    if (known === undefined && fd < 0) return []
    const arrival = known ?? ++this.#last
    const data = Buffer.from(bytes).toString('base64')
    // What came to the new socket before it was connected may be anybody's.
    const others: PeerDatagram[] = []
    for (let next = fd < 0 ? undefined : this.#host.receiveDatagram(fd); next !== undefined; ) {
      if (others.push(next) >= MOST_ON_THE_WAY) break
      next = this.#host.receiveDatagram(fd)
    }
    const message = {arrival, isStream: false, ip: shownIp(ip), port, guestPort, data}
    if (!this.#sendWith(entry, message, fd, peer)) {
      if (fd >= 0) this.#host.hostClose(fd)
    } else if (fd >= 0) entry.flows.set(peer, arrival)
    return others
  }

  /** @returns whether there was room; otherwise the descriptor stays its caller's */
  #sendWith(entry: Entry, message: Arrival, fd: number, peer: string): boolean {
    if (this.#send?.(message, fd) !== true) return false
    entry.arrivals.sent(message.arrival, fd, {entry, peer})
    return true
  }

  #pauseAWhile(): void {
    for (const entry of this.#entries) this.#unwatch(entry)
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
