// Sends from one UNIX socket to another, as much as is possible without waiting: net/unix/af_unix.c.

import {NO_CAPABILITIES} from '../../../abi/capability.ts'
import {
  EAGAIN,
  ECONNREFUSED,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  Errno,
} from '../../../abi/errno.ts'
import {
  MSG_OOB,
  OVERFLOW_ID,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
} from '../../../abi/socket.ts'
import {COST} from '../../../vfs/budget.ts'
import type {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Rights} from '../in-flight.ts'
import type {SenderCredentials} from '../reading.ts'
import type {Author, Sending} from '../sending.ts'
import {decodeAddress} from './address.ts'
import {findSocket, nameIfAsked} from './bind.ts'
import {disconnectDatagrams} from './connect.ts'
import type {UnixSocket} from './unix-socket.ts'

/** What one send(2) puts into another socket's queue, where it waits to be received. */
export class Message {
  readonly bytes: Uint8Array
  readonly sender: UnixSocket
  readonly credentials: SenderCredentials | undefined
  /** Received with the first byte. */
  rights: Rights | undefined
  /** Bytes of a stream that were already received. */
  consumed = 0

  constructor(bytes: Uint8Array, sender: UnixSocket, credentials: SenderCredentials | undefined) {
    this.bytes = bytes
    this.sender = sender
    this.credentials = credentials
  }

  get left(): number {
    return this.bytes.length - this.consumed
  }

  /** What it takes from its sender's SO_SNDBUF, and from the budget. */
  get cost(): number {
    return COST.socketMessage + this.bytes.length
  }
}

/** The most bytes of a stream in one message. */
const CHUNK = 32 * 1024

/** @returns queues in which to wait for room; undefined: all is sent @throws Errno as man 2 send */
export function send(from: UnixSocket, sending: Sending): readonly WaitQueue[] | undefined {
  if (sending.outgoing.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
  return from.isStream ? sendStream(from, sending) : sendRecord(from, sending)
}

/** Sends as much as there is room for. Descriptors go with the first bytes. */
function sendStream(from: UnixSocket, sending: Sending): readonly WaitQueue[] | undefined {
  const {author, total, outgoing} = sending
  const to = streamPeer(from, outgoing.name !== undefined)
  if (!sending.hasWaited && isBroken(from, to)) throw sending.brokenPipe()
  while (sending.sent < total) {
    if (!hasSendRoom(from)) return [from.waiters]
    const bytes = sending.copy(sending.sent, streamChunk(from, total - sending.sent))
    if (isBroken(from, to)) throw sending.brokenPipe()
    post(from, to, bytes, sending.sent === 0 ? author : {...author, descriptions: []})
    sending.sent += bytes.length
  }
  return undefined
}

/** A datagram, or a record of SOCK_SEQPACKET, which is connected and ignores the name. */
function sendRecord(from: UnixSocket, sending: Sending): readonly WaitQueue[] | undefined {
  const {task, author, total, outgoing} = sending
  const name = from.type === SOCK_SEQPACKET ? undefined : outgoing.name
  if (!sending.hasWaited) checkRecord(from, name, total)
  if (!hasSendRoom(from)) return [from.waiters]
  sending.record ??= sending.copy(0, total)
  const to = name === undefined ? streamPeer(from, false) : findSocket(task, from, name)
  if (!mayDeliver(from, to)) return [from.waiters, to.room]
  post(from, to, sending.record, author)
  sending.sent = total
  return undefined
}

function checkRecord(from: UnixSocket, name: Uint8Array | undefined, bytes: number): void {
  checkSender(from)
  if (name !== undefined) decodeAddress(name)
  nameIfAsked(from)
  checkRecordSize(from, bytes)
}

/** The receiver of a stream. @throws Errno EISCONN, EOPNOTSUPP, ENOTCONN */
function streamPeer(from: UnixSocket, hasName: boolean): UnixSocket {
  if (hasName) throw new Errno(from.state === 'connected' ? EISCONN : EOPNOTSUPP)
  if (from.peer === undefined) throw new Errno(ENOTCONN)
  return from.peer
}

/** Whether its messages leave room for more. @throws Errno the pending error, EPIPE */
function hasSendRoom(from: UnixSocket): boolean {
  from.throwError()
  if (from.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
  return from.sentCost < from.options.sendBuffer
}

/** How much of `bytes` fits one message of a stream. */
function streamChunk(from: UnixSocket, bytes: number): number {
  return Math.min(bytes, (from.options.sendBuffer >> 1) - 64, CHUNK)
}

/** Nobody will receive the stream any longer. */
function isBroken(from: UnixSocket, to: UnixSocket): boolean {
  return (from.shutdown & SEND_SHUTDOWN) !== 0 || to.isDead || (to.shutdown & RCV_SHUTDOWN) !== 0
}

/** @throws Errno EMSGSIZE */
function checkRecordSize(from: UnixSocket, bytes: number): void {
  if (bytes > from.options.sendBuffer - 32) throw new Errno(EMSGSIZE)
}

/** The first check of a SOCK_SEQPACKET. @throws Errno ENOTCONN, or the pending error */
export function checkSender(from: UnixSocket): void {
  if (from.type !== SOCK_SEQPACKET) return
  from.throwError()
  if (from.state !== 'connected') throw new Errno(ENOTCONN)
}

/** Whether a record may go now; false: the receiver is full. @throws Errno EPERM, ECONNREFUSED, EPIPE */
function mayDeliver(from: UnixSocket, to: UnixSocket): boolean {
  if (!maySend(from, to)) throw new Errno(EPERM)
  if (to.isDead) {
    if (from.type !== SOCK_DGRAM) throw new Errno(EPIPE)
    if (from.peer === to) disconnectDatagrams(from)
    throw new Errno(ECONNREFUSED)
  }
  if (to.shutdown & RCV_SHUTDOWN) throw new Errno(EPIPE)
  return to === from || to.peer === from || !to.isFull
}

/** A connected socket receives from its peer alone. */
export function maySend(from: UnixSocket, to: UnixSocket): boolean {
  return to.peer === undefined || to.peer === from || to.isDead
}

/** Puts a message into the receiver's queue. @throws Errno ENOBUFS, ETOOMANYREFS */
export function post(from: UnixSocket, to: UnixSocket, bytes: Uint8Array, author: Author): void {
  const {descriptions, sender, claimed} = author
  // The acceptor of a waiting connection may still ask for them.
  const isAsked = from.options.passesCredentials || to.options.passesCredentials || to.listener !== undefined
  const message = new Message(bytes, from, claimed ?? (isAsked ? author.credentials : undefined))
  to.budget.take(message.cost, ENOBUFS)
  try {
    if (descriptions.length > 0) message.rights = from.family.inFlight.send(descriptions, to, sender)
  } catch (error) {
    to.budget.give(message.cost)
    throw error
  }
  to.enqueue(message)
}

/** A sender without an identity, for receivers that ask for credentials. */
const ANONYMOUS: Author = {
  credentials: {pid: 0, uid: OVERFLOW_ID, gid: OVERFLOW_ID},
  claimed: undefined,
  descriptions: [],
  sender: {user: 0, limit: 0, capabilities: NO_CAPABILITIES},
}

/** For transfers inside the sentry: sends one message. @returns bytes: a short count for a stream @throws Errno EAGAIN, EPIPE, ENOTCONN, EMSGSIZE, ENOBUFS … */
export function writeSocket(socket: UnixSocket, source: Uint8Array): number {
  checkSender(socket)
  const to = streamPeer(socket, false)
  if (!socket.isStream) checkRecordSize(socket, source.length)
  if (!hasSendRoom(socket)) throw new Errno(EAGAIN)
  if (socket.isStream ? isBroken(socket, to) : !mayDeliver(socket, to)) {
    throw new Errno(socket.isStream ? EPIPE : EAGAIN)
  }
  const length = socket.isStream ? streamChunk(socket, source.length) : source.length
  if (length === 0 && socket.isStream) return 0
  post(socket, to, source.slice(0, length), ANONYMOUS)
  return length
}
