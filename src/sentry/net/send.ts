// Sends from one UNIX socket to another, as far as that goes without waiting: net/unix/af_unix.c.

import {
  ECONNREFUSED,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  Errno,
} from '../../abi/errno.ts'
import {RCV_SHUTDOWN, SEND_SHUTDOWN, SOCK_DGRAM} from '../../abi/socket.ts'
import type {SharedDescription} from '../fd/fd-table.ts'
import {disconnectDatagrams} from './connect.ts'
import type {Sender} from './in-flight.ts'
import {Message, type SenderCredentials} from './message.ts'
import type {UnixSocket} from './unix-socket.ts'

/** The most bytes of a stream in one message. */
const CHUNK = 32 * 1024

/** The sender, and what goes with the bytes. */
export interface Author {
  readonly credentials: SenderCredentials
  /** From SCM_CREDENTIALS: then they are always sent. */
  readonly claimed: SenderCredentials | undefined
  readonly descriptions: readonly SharedDescription[]
  readonly sender: Sender
}

/** The receiver of a stream. @throws Errno EISCONN, EOPNOTSUPP, ENOTCONN */
export function streamPeer(from: UnixSocket, hasName: boolean): UnixSocket {
  if (hasName) throw new Errno(from.state === 'connected' ? EISCONN : EOPNOTSUPP)
  if (from.peer === undefined) throw new Errno(ENOTCONN)
  return from.peer
}

/** Whether its messages leave room for more. @throws Errno the pending error, EPIPE */
export function hasSendRoom(from: UnixSocket): boolean {
  from.throwError()
  if (from.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
  return from.sentCost < from.options.sendBuffer
}

/** How much of `bytes` fits one message of a stream. */
export function streamChunk(from: UnixSocket, bytes: number): number {
  return Math.min(bytes, (from.options.sendBuffer >> 1) - 64, CHUNK)
}

/** Nobody will receive the stream any longer. */
export function isBroken(from: UnixSocket, to: UnixSocket): boolean {
  return (from.shutdown & SEND_SHUTDOWN) !== 0 || to.isDead || (to.shutdown & RCV_SHUTDOWN) !== 0
}

/** @throws Errno EMSGSIZE */
export function checkRecordSize(from: UnixSocket, bytes: number): void {
  if (bytes > from.options.sendBuffer - 32) throw new Errno(EMSGSIZE)
}

/** @throws Errno ENOTCONN, or the pending error: the first check of a SOCK_SEQPACKET */
export function checkConnected(from: UnixSocket): void {
  from.throwError()
  if (from.state !== 'connected') throw new Errno(ENOTCONN)
}

/** Whether a record may go now; false: the receiver is full. @throws Errno EPERM, ECONNREFUSED, EPIPE */
export function mayDeliver(from: UnixSocket, to: UnixSocket): boolean {
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
    if (descriptions.length > 0) message.rights = from.domain.inFlight.send(descriptions, to, sender)
  } catch (error) {
    to.budget.give(message.cost)
    throw error
  }
  to.enqueue(message)
}
