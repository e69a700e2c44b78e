// HostStream: a host's TCP socket: bytes between it and guest memory, and its readiness.

import {EAGAIN, EINVAL, EOPNOTSUPP, EPIPE, Errno} from '../../../../abi/errno.ts'
import {POLLERR, POLLIN, POLLOUT, POLLPRI, POLLRDHUP} from '../../../../abi/poll.ts'
import {MSG_ERRQUEUE, MSG_FASTOPEN, MSG_MORE, MSG_OOB, MSG_PEEK, MSG_TRUNC} from '../../../../abi/socket.ts'
import {PROT_READ} from '../../../../platform/platform.ts'
import {check} from '../../../../vfs/host-calls.ts'
import type {HostInterest} from '../../../fd/host-watch.ts'
import {viewAt} from '../../../memory/range-copy.ts'
import type {Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import type {HostConnections} from './connections.ts'
import type {RateWaiter} from './rate-limit.ts'

/** What ends a wait for bytes. */
const RECEIVABLE = POLLIN | POLLPRI | POLLRDHUP
/** All that may happen to it. */
const EVENTS = RECEIVABLE | POLLOUT
/** MSG_TRUNC drops as many bytes at a time. */
const DROPPED_BYTES = 65_536

/** Whose socket it is. */
interface Owner {
  hostReady(events: number): void
  noteSent(bytes: number): void
  noteReceived(bytes: number): void
}

export class HostStream implements RateWaiter {
  readonly hostFd: number
  readonly #connections: HostConnections
  readonly #owner: Owner
  /** Registered while somebody may wait who looks for more than one event. */
  #interest: HostInterest | undefined

  constructor(connections: HostConnections, fd: number, owner: Owner) {
    this.#connections = connections
    this.hostFd = fd
    this.#owner = owner
  }

  /** For HostWatch, which wakes it. */
  get waiters(): this {
    return this
  }

  wakeAll(events: number): void {
    this.#owner.hostReady(events)
  }

  /** Its owner is told of what happens from now on. */
  watch(): void {
    this.#interest ??= this.#connections.watch.add(this, EVENTS)
  }

  /** It is told of the next of these events. */
  #awaitNext(events: number): void {
    if (this.#interest === undefined) this.#connections.watch.awaitNext(this, events)
  }

  unwatch(): void {
    this.#connections.watch.remove(this.#interest)
    this.#interest = undefined
  }

  /** Bits of poll(2), whatever the limits. */
  poll(): number {
    const ready = this.#connections.files.hostPoll(this.hostFd, EVENTS)
    return ready < 0 ? POLLERR : ready
  }

  /** @returns those that are told now: what the limits hold back is told later */
  unlimited(events: number): number {
    let told = events
    for (const limit of [this.#connections.receiving, this.#connections.sending])
      if (limit !== undefined && told & limit.events && limit.room(this) === 0) told &= ~limit.events
    return told
  }

  /** A limit lets it go on. */
  resume(events: number): boolean {
    const ready = this.poll() & events
    if (ready !== 0) this.#owner.hostReady(ready)
    return ready !== 0
  }

  /** As much as the limit lets come. @returns bytes, or a negative errno */
  #receiveNow(target: Uint8Array, flags: number): number {
    const {files, receiving} = this.#connections
    const part = within(target, receiving?.room(this))
    if (part === undefined) return -EAGAIN
    const count = files.hostReceive(this.hostFd, part, flags)
    if (count <= 0 || flags & MSG_PEEK) return count
    receiving?.spend(count)
    this.#owner.noteReceived(count)
    return count
  }

  /** As much as the limit lets go. @param flags MSG_MORE, or 0 @param isLast of the call @returns bytes, or a negative errno */
  #sendNow(source: Uint8Array, flags: number, isLast: boolean): number {
    const {files, sending} = this.#connections
    const part = within(source, sending?.room(this))
    if (part === undefined) return -EAGAIN
    // What is held back shall not hold up what is sent.
    const isEnd = isLast || part.length < source.length
    const count = files.hostSend(this.hostFd, part, isEnd ? flags : MSG_MORE)
    if (count <= 0) return count
    sending?.spend(count)
    this.#owner.noteSent(count)
    return count
  }

  /** @returns false: there is no room for the rest @throws Errno as man 2 send */
  send(sending: Sending): boolean {
    const {outgoing, task} = sending
    if (outgoing.flags & (MSG_FASTOPEN | MSG_OOB)) throw new Errno(EOPNOTSUPP)
    while (sending.sent < sending.total) {
      const bytes = viewAt(task.memory, outgoing.ranges, sending.sent, PROT_READ)
      const isLast = sending.sent + bytes.length === sending.total
      const count = this.#sendNow(bytes, outgoing.flags & MSG_MORE, isLast)
      if (count === -EPIPE) throw sending.brokenPipe()
      if (count === -EAGAIN) {
        this.#awaitNext(POLLOUT)
        return false
      }
      sending.sent += check(count)
    }
    return true
  }

  /** @returns false: there is more to wait for @throws Errno EAGAIN, EINVAL, EFAULT, what the connection has met */
  receive(reading: Reading, lowWater: number): boolean {
    if (reading.flags & MSG_ERRQUEUE) throw new Errno(EAGAIN)
    if (reading.flags & MSG_OOB) throw new Errno(EINVAL)
    const least = reading.leastBytes(lowWater)
    // What was peeked at stays: a wait for more begins anew.
    let at = reading.peeks ? 0 : reading.copied
    while (at < reading.size) {
      const target = targetOf(reading, at)
      const count = this.#receiveNow(target, reading.flags & (MSG_PEEK | MSG_TRUNC))
      if (count === -EAGAIN) {
        if (at < least) this.#awaitNext(RECEIVABLE)
        return at >= least
      }
      // The rest of the connection's story is for the next call.
      if (count < 0 && at > 0) return true
      at += check(count)
      reading.copied = reading.result = at
      if (count === 0 || reading.peeks || (count < target.length && at >= least)) return true
    }
    return true
  }

  /** @throws Errno EAGAIN … */
  read(target: Uint8Array, flags: number): number {
    return this.#now(this.#receiveNow(target, flags))
  }

  /** @throws Errno EAGAIN, EPIPE … */
  write(source: Uint8Array): number {
    return this.#now(this.#sendNow(source, 0, true))
  }

  #now(count: number): number {
    if (count === -EAGAIN) this.watch()
    return check(count)
  }

  /** @param how RCV_SHUTDOWN 1, SEND_SHUTDOWN 2: one more than SHUT_* @throws Errno */
  shutDown(how: number): void {
    check(this.#connections.files.hostShutDown(this.hostFd, how - 1))
  }

  /** SO_ERROR, which it clears. */
  takeError(): number {
    return Math.abs(this.#connections.files.hostSocketError(this.hostFd))
  }

  /** @param request FIONREAD, TIOCOUTQ @throws Errno */
  count(request: number): number {
    const count = new Int32Array(1)
    check(this.#connections.files.hostIoctl(this.hostFd, request, new Uint8Array(count.buffer)))
    return count[0]
  }

  /** Once. */
  close(): void {
    this.unwatch()
    this.#connections.receiving?.forget(this)
    this.#connections.sending?.forget(this)
    this.#connections.close(this.hostFd)
  }
}

function targetOf(reading: Reading, at: number): Uint8Array {
  if (reading.flags & MSG_TRUNC) return new Uint8Array(Math.min(reading.size - at, DROPPED_BYTES))
  return reading.buffer.space!(at)
}

/** As many of the bytes as there is room for. @param room undefined: for all @returns undefined: there is none */
function within(bytes: Uint8Array, room: number | undefined): Uint8Array | undefined {
  if (room === undefined || room >= bytes.length) return bytes
  return room === 0 ? undefined : bytes.subarray(0, room)
}
