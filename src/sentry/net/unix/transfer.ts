// Reads and writes a socket inside the sentry, for splice(2) and sendfile(2).

import {NO_CAPABILITIES} from '../../../abi/capability.ts'
import {EAGAIN, EPIPE, Errno} from '../../../abi/errno.ts'
import {MSG_DONTWAIT, OVERFLOW_ID, SOCK_SEQPACKET} from '../../../abi/socket.ts'
import {type Buffer, Reading} from '../reading.ts'
import type {Author} from '../sending.ts'
import {receive} from './receive.ts'
import {
  checkConnected,
  checkRecordSize,
  hasSendRoom,
  isBroken,
  mayDeliver,
  post,
  streamChunk,
  streamPeer,
} from './send.ts'
import type {UnixSocket} from './unix-socket.ts'

/** A sender without an identity, for receivers that ask for credentials. */
const ANONYMOUS: Author = {
  credentials: {pid: 0, uid: OVERFLOW_ID, gid: OVERFLOW_ID},
  claimed: undefined,
  descriptions: [],
  sender: {user: 0, limit: 0, capabilities: NO_CAPABILITIES},
}

/** Closes descriptors that come with the bytes. @throws Errno EAGAIN when there is nothing yet … */
export function readSocket(socket: UnixSocket, target: Uint8Array, flags: number): number {
  const buffer: Buffer = {put: (bytes, at) => target.set(bytes, at)}
  const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
  if (!receive(socket, reading) && reading.copied === 0) throw new Errno(EAGAIN)
  reading.dropRights()
  return reading.result
}

/** Sends one message. @returns bytes: a short count for a stream @throws Errno EAGAIN, EPIPE, ENOTCONN, EMSGSIZE, ENOBUFS … */
export function writeSocket(socket: UnixSocket, source: Uint8Array): number {
  if (socket.type === SOCK_SEQPACKET) checkConnected(socket)
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
