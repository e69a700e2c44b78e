// Flow: what goes between a UDP socket and one peer outside of the sandbox: a host socket that is connected to the peer.

import {EAGAIN, ECONNREFUSED, EFAULT, EMSGSIZE, Errno} from '../../../../abi/errno.ts'
import {FIONREAD} from '../../../../abi/ioctl.ts'
import {POLLERR, POLLHUP, POLLIN} from '../../../../abi/poll.ts'
import {MSG_PEEK} from '../../../../abi/socket.ts'
import type {HostInterest} from '../../../fd/host-watch.ts'
import {bytesIn} from '../../../memory/range-copy.ts'
import type {Timer} from '../../../time/timers.ts'
import type {Reading} from '../../reading.ts'
import type {Endpoint} from '../address.ts'
import type {Applicant, HostConnections} from './connections.ts'
import type {RateWaiter} from './rate-limit.ts'

/** Without a datagram either way for so long, it ends. */
const IDLE_NS = 60e9
/** Datagrams that wait until the broker has answered; what is beyond them is lost. */
const MOST_PENDING = 16
/** As many as one call takes: IOV_MAX. */
const MOST_PIECES = 1024
const EVENTS = POLLIN | POLLERR
const ANY_EVENT = -1
const NO_DATAGRAMS: readonly Uint8Array[] = []

/** Whose flow it is. */
interface Owner {
  /** Something may wait with the host, or have happened there. */
  hostReady(flow: Flow, events: number): void
  /** @param needs the entry of --allow-net that would have allowed it; undefined: it is over for another reason */
  ended(flow: Flow, errno: number, needs: string | undefined): void
  /** Nobody has used it for a while. */
  idle(flow: Flow): void
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
  /** Registered while somebody may wait who looks for more than one event. */
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
    for (const bytes of this.#pending) this.send([bytes])
    this.#pending = NO_DATAGRAMS
    this.#owner.hostReady(this, ANY_EVENT)
  }

  failed(errno: number, needs: string | undefined): void {
    if (this.#isClosed) return
    this.errno = errno
    this.needs = needs
    this.close()
    this.#owner.ended(this, errno, needs)
  }

  /** What the host, or a limit, has no room for is lost. @param pieces of one datagram; they are the caller's */
  send(pieces: readonly Uint8Array[]): void {
    if (this.hostFd === undefined) {
      if (this.#pending.length < MOST_PENDING) this.#pending = [...this.#pending, Buffer.concat(pieces)]
      return
    }
    this.#hasBeenUsed = true
    const {files, sending} = this.#connections
    if (sending?.hasRoom === false) return
    sending?.spend(bytesIn(pieces))
    const few = pieces.length > MOST_PIECES ? [Buffer.concat(pieces)] : pieces
    const count = files.hostSendDatagram(this.hostFd, few)
    if (count < 0 && count !== -EAGAIN) this.#fails(-count)
  }

  /** What the peer's host says is told; all else means that the broker has ended it: the next datagram asks anew. */
  #fails(errno: number): void {
    if (errno === ECONNREFUSED || errno === EMSGSIZE) this.#owner.reported(this, errno)
    else if (errno !== 0) this.#end()
  }

  #end(): void {
    this.close()
    this.#owner.ended(this, 0, undefined)
  }

  /** A datagram waits, and the limit lets it come. */
  get isReadable(): boolean {
    if (this.hostFd === undefined) return false
    const {files} = this.#connections
    const ready = files.hostPoll(this.hostFd, EVENTS)
    if (ready & POLLHUP) this.#end()
    else if (ready & POLLERR) this.#fails(files.hostSocketError(this.hostFd))
    return (ready & POLLIN) !== 0 && this.#mayReceive
  }

  get #mayReceive(): boolean {
    return this.hostFd !== undefined && this.#connections.receiving?.room(this) !== 0
  }

  /** FIONREAD: of the datagram that is next. */
  get receivableBytes(): number {
    const count = new Int32Array(1)
    if (this.hostFd !== undefined)
      this.#connections.files.hostIoctl(this.hostFd, FIONREAD, new Uint8Array(count.buffer))
    return count[0]
  }

  /**
   * The next datagram, into the reader's memory.
   * @returns its length; undefined: none waits, and the owner is told of the next one @throws Errno EFAULT: it has no room there, and is lost
   */
  receive(reading: Reading): number | undefined {
    const most = Math.min(reading.size, this.#connections.datagram.length)
    const pieces = reading.buffer.pieces?.(most)
    if (pieces === undefined || pieces.length > MOST_PIECES) {
      const bytes = this.#take(reading.flags & MSG_PEEK)
      if (bytes !== undefined) reading.take(bytes)
      return bytes?.length
    }
    const length = this.#receiveInto(pieces, reading.flags & MSG_PEEK)
    if (length === undefined) return undefined
    if (Math.min(length, most) > bytesIn(pieces)) throw new Errno(EFAULT)
    reading.note(length)
    return length
  }

  /** Those that wait, copied, for nobody asks for them here any more. */
  *rest(): Iterable<Uint8Array> {
    for (let bytes = this.#take(0); bytes !== undefined; bytes = this.#take(0)) yield bytes.slice()
  }

  /** It is overwritten by the next one. @returns undefined: none waits */
  #take(flags: number): Uint8Array | undefined {
    const {datagram} = this.#connections
    const length = this.#receiveInto([datagram], flags)
    return length === undefined ? undefined : datagram.subarray(0, length)
  }

  /** @returns the datagram's length; undefined: none waits */
  #receiveInto(pieces: readonly Uint8Array[], flags: number): number | undefined {
    const {files, receiving} = this.#connections
    while (this.#mayReceive) {
      const length = files.hostReceiveDatagram(this.hostFd!, pieces, flags)
      if (length === -EAGAIN) {
        this.#awaitNext()
        return undefined
      }
      if (length >= 0) {
        this.#hasBeenUsed = true
        if (!(flags & MSG_PEEK)) receiving?.spend(length)
        return length
      }
      this.#fails(-length)
    }
    return undefined
  }

  /** The limit lets it go on. */
  resume(): boolean {
    this.#owner.hostReady(this, POLLIN)
    return true
  }

  /** For HostWatch. */
  get waiters(): this {
    return this
  }

  wakeAll(events: number): void {
    if (events & POLLHUP) this.#end()
    else this.#owner.hostReady(this, events)
  }

  /** Its owner is told of all that comes from now on. */
  watch(): void {
    this.#interest ??= this.#connections.watch.add(this, EVENTS)
  }

  #awaitNext(): void {
    const {hostFd} = this
    if (hostFd !== undefined && this.#interest === undefined)
      this.#connections.watch.awaitNext({hostFd, waiters: this}, EVENTS)
  }

  unwatch(): void {
    this.#connections.watch.remove(this.#interest)
    this.#interest = undefined
  }

  /** Nobody has used it for a while, or somebody has. */
  expire(): void {
    if (this.#hasBeenUsed) {
      this.#hasBeenUsed = false
      this.#timer = this.#connections.timers.after(IDLE_NS, this)
      return
    }
    this.#owner.idle(this)
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#connections.timers.cancel(this.#timer)
    this.unwatch()
    this.#connections.receiving?.forget(this)
    const fd = this.hostFd
    this.hostFd = undefined
    if (fd !== undefined) this.#connections.close(fd)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }
}
