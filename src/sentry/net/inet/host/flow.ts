// Flow: what goes between a UDP socket and one peer outside of the sandbox: a host socket that is connected to the peer.

import {EAGAIN, ECONNREFUSED, EMSGSIZE} from '../../../../abi/errno.ts'
import {POLLERR, POLLIN} from '../../../../abi/poll.ts'
import type {HostInterest} from '../../../fd/host-watch.ts'
import type {Timer} from '../../../time/timers.ts'
import type {Endpoint} from '../address.ts'
import type {Applicant, HostConnections} from './connections.ts'
import type {RateWaiter} from './rate-limit.ts'

/** Without a datagram either way for so long, it ends. */
const IDLE_NS = 60e9
/** Datagrams that wait until the broker has answered; what is beyond them is lost. */
const MOST_PENDING = 16
const EVENTS = POLLIN | POLLERR
const NO_DATAGRAMS: readonly Uint8Array[] = []

/** Whose flow it is. */
interface Owner {
  /** It has no room for more datagrams. */
  readonly isFull: boolean
  received(flow: Flow, bytes: Uint8Array): void
  /** @param needs the entry of --allow-net that would have allowed it; undefined: it is over for another reason */
  ended(flow: Flow, errno: number, needs: string | undefined): void
  /** The peer's host says so: ECONNREFUSED. */
  reported(flow: Flow, errno: number): void
}

export class Flow implements Applicant, RateWaiter {
  readonly peer: Endpoint
  /** 0: the broker has not answered, or it is open. */
  errno = 0
  /** With EACCES: the entry of --allow-net that would have allowed it. */
  needs: string | undefined
  /** A call waits for the broker's answer, and reports it. */
  isAwaited = false
  hostFd: number | undefined
  readonly #connections: HostConnections
  readonly #owner: Owner
  #pending: readonly Uint8Array[] = NO_DATAGRAMS
  #interest: HostInterest | undefined
  #timer: Timer | undefined
  #hasBeenUsed = false
  #isClosed = false

  constructor(connections: HostConnections, owner: Owner, peer: Endpoint) {
    this.#connections = connections
    this.#owner = owner
    this.peer = peer
  }

  get isAsked(): boolean {
    return this.hostFd === undefined && !this.#isClosed
  }

  /** @throws Errno EAGAIN, ENFILE, ENETDOWN */
  ask(): void {
    this.#connections.connect(this, this.peer, false)
  }

  /** @param fd its own from here on */
  opened(fd: number): void {
    if (this.#isClosed) {
      this.#connections.close(fd)
      return
    }
    this.hostFd = fd
    this.#timer = this.#connections.timers.after(IDLE_NS, this)
    this.#interest = this.#connections.watch.add(this, EVENTS)
    for (const bytes of this.#pending) this.send(bytes)
    this.#pending = NO_DATAGRAMS
    this.#owner.ended(this, 0, undefined)
  }

  failed(errno: number, needs: string | undefined): void {
    if (this.#isClosed) return
    this.errno = errno
    this.needs = needs
    this.close()
    this.#owner.ended(this, errno, needs)
  }

  /** What the host, or a limit, has no room for is lost. */
  send(bytes: Uint8Array): void {
    if (this.hostFd === undefined) {
      if (this.#pending.length < MOST_PENDING) this.#pending = [...this.#pending, bytes]
      return
    }
    this.#hasBeenUsed = true
    const {files, sending} = this.#connections
    if (sending?.hasRoom === false) return
    sending?.spend(bytes.length)
    const count = files.hostSend(this.hostFd, bytes, 0)
    if (count < 0 && count !== -EAGAIN) this.#fails(-count)
  }

  /** What the peer's host says is told; all else means that the broker has ended it: the next datagram asks anew. */
  #fails(errno: number): void {
    if (errno === ECONNREFUSED || errno === EMSGSIZE) {
      this.#owner.reported(this, errno)
      return
    }
    this.close()
    this.#owner.ended(this, 0, undefined)
  }

  /** As much as its owner has room for, and the limit. */
  receive(): void {
    const {files, datagram, receiving} = this.#connections
    while (this.hostFd !== undefined && !this.#owner.isFull && receiving?.room(this) !== 0) {
      const count = files.hostReceive(this.hostFd, datagram, 0)
      if (count === -EAGAIN) return
      if (count < 0) {
        this.#fails(-count)
        continue
      }
      receiving?.spend(count)
      this.received(datagram.slice(0, count))
    }
  }

  /** The limit lets it go on. */
  resume(): boolean {
    this.receive()
    return true
  }

  received(bytes: Uint8Array): void {
    this.#hasBeenUsed = true
    this.#owner.received(this, bytes)
  }

  /** For HostWatch. */
  get waiters(): this {
    return this
  }

  wakeAll(): void {
    this.receive()
  }

  /** Nobody has used it for a while, or somebody has. */
  expire(): void {
    if (this.#hasBeenUsed) {
      this.#hasBeenUsed = false
      this.#timer = this.#connections.timers.after(IDLE_NS, this)
      return
    }
    this.close()
    this.#owner.ended(this, 0, undefined)
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#connections.timers.cancel(this.#timer)
    this.#connections.watch.remove(this.#interest)
    this.#connections.receiving?.forget(this)
    const fd = this.hostFd
    this.hostFd = undefined
    if (fd !== undefined) this.#connections.close(fd)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }
}
