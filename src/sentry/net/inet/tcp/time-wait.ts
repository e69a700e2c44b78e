// TimeWaits: ends of TCP connections that are closed, and hold address and port for a while: inet_timewait_sock in Linux.

import {MAX_TIME_WAITS, SOL_TCP, TCP_FIN_WAIT2, TCP_LINGER2, TCP_TIME_WAIT} from '../../../../abi/inet.ts'
import {type Budget, COST} from '../../../../vfs/budget.ts'
import type {HostClock} from '../../../../vfs/host.ts'
import {type Timer, TimerQueue, type TimerTarget} from '../../../time/timers.ts'
import type {Endpoint} from '../address.ts'
import {keyOf} from '../connections.ts'
import {type AddressHolder, ANY_USER} from '../held-addresses.ts'
import type {KeptOptions} from '../options.ts'

/** TCP_TIMEWAIT_LEN. */
const TIME_WAIT_NS = 60e9
/** tcp_tw_reuse is 2: so long after it began, another connection within the machine may take its place. */
const REUSE_NS = 1e9
const NS_PER_SECOND = 1e9

/** The other end, which is still open. */
interface Peer {
  reset(): void
}

/** A socket's end of a connection. */
interface End extends AddressHolder {
  readonly family: {readonly number: number}
  readonly remote: Endpoint | undefined
  readonly kept: KeptOptions
}

interface Ports {
  readonly hasFree: boolean
  keep(end: AddressHolder): void
  drop(end: AddressHolder): void
}

export class TimeWait implements AddressHolder, TimerTarget {
  readonly family: {readonly number: number}
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly reusesAddress: boolean
  readonly reusesPort: boolean
  readonly uid = ANY_USER
  readonly isIPv6Only: boolean
  state: typeof TCP_FIN_WAIT2 | typeof TCP_TIME_WAIT
  /** In FIN_WAIT2. */
  peer: Peer | undefined
  timer: Timer | undefined
  readonly #list: TimeWaits

  /** @param peer undefined: it has ended, too */
  constructor(list: TimeWaits, socket: End, peer: Peer | undefined) {
    this.#list = list
    this.family = socket.family
    this.local = socket.local
    this.remote = socket.remote!
    this.reusesAddress = socket.reusesAddress
    this.reusesPort = socket.reusesPort
    this.isIPv6Only = socket.isIPv6Only
    this.state = peer === undefined ? TCP_TIME_WAIT : TCP_FIN_WAIT2
    this.peer = peer
  }

  get deadlineNs(): number {
    return this.timer!.deadlineNs
  }

  /** The other end has ended: TIME_WAIT begins. */
  peerEnded(): void {
    this.#list.renew(this)
  }

  /** Its time is over, or RST has come. Once or more. */
  expire(): void {
    this.#list.remove(this)
  }
}

/** No timer wakes the sandbox for them: whoever asks for them, or for ports, drops those whose time is over. */
export class TimeWaits {
  /** Those in TIME_WAIT in the order in which it began. */
  readonly #byEnds = new Map<string, TimeWait>()
  readonly #timers: TimerQueue
  readonly #clock: HostClock
  readonly #ports: Ports
  readonly #budget: Budget

  constructor(clock: HostClock, ports: Ports, budget: Budget) {
    this.#timers = new TimerQueue(clock)
    this.#clock = clock
    this.#ports = ports
    this.#budget = budget
  }

  get size(): number {
    return this.#byEnds.size
  }

  all(): Iterable<TimeWait> {
    return this.#byEnds.values()
  }

  dropExpired(): void {
    if (this.size > 0) this.#timers.runExpired(this.#clock.monotonicNs())
  }

  /**
   * Precondition: the socket still has both addresses.
   * @param peer undefined: it has ended, too @returns undefined: there is no room, and nothing of the connection stays
   */
  add(socket: End, peer: Peer | undefined): TimeWait | undefined {
    this.dropExpired()
    if (this.size >= MAX_TIME_WAITS || !this.#budget.hasRoom(COST.timeWait)) {
      return undefined
    }
    const end = new TimeWait(this, socket, peer)
    this.replace(end.local, end.remote)
    this.#budget.note(COST.timeWait)
    this.#byEnds.set(keyOf(end.local, end.remote), end)
    this.#ports.keep(end)
    const lingerNs = Number(socket.kept.get(SOL_TCP, TCP_LINGER2)) * NS_PER_SECOND
    end.timer = this.#timers.after(peer === undefined ? TIME_WAIT_NS : lingerNs, end)
    return end
  }

  renew(end: TimeWait): void {
    const key = keyOf(end.local, end.remote)
    if (!this.#byEnds.delete(key)) return
    this.#byEnds.set(key, end)
    end.state = TCP_TIME_WAIT
    end.peer = undefined
    this.#timers.cancel(end.timer)
    end.timer = this.#timers.after(TIME_WAIT_NS, end)
  }

  remove(end: TimeWait): void {
    const key = keyOf(end.local, end.remote)
    if (this.#byEnds.get(key) !== end) return
    this.#byEnds.delete(key)
    this.#timers.cancel(end.timer)
    this.#ports.drop(end)
    this.#budget.give(COST.timeWait)
  }

  /** A new connection has these ends: its SYN is newer than all that the old one has sent. */
  replace(local: Endpoint, remote: Endpoint): void {
    const old = this.#byEnds.get(keyOf(local, remote))
    if (old === undefined) return
    old.peer?.reset()
    this.remove(old)
  }

  /** Every port of the range is held: those that have waited long enough give way. */
  makePort(): void {
    const latestNs = this.#clock.monotonicNs() + TIME_WAIT_NS - REUSE_NS
    for (const end of this.#byEnds.values()) {
      if (this.#ports.hasFree) return
      if (end.state !== TCP_TIME_WAIT) continue
      if (end.deadlineNs > latestNs) return
      this.remove(end)
    }
  }
}
