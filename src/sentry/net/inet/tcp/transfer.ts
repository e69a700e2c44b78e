// Bytes through a TCP connection, as much as moves without waiting: tcp_sendmsg and tcp_recvmsg in Linux.

import {EAGAIN, ENOTCONN, EOPNOTSUPP, EPIPE, Errno} from '../../../../abi/errno.ts'
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_FASTOPEN,
  MSG_OOB,
  MSG_TRUNC,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SO_OOBINLINE,
} from '../../../../abi/socket.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import {type ByteSink, Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import type {TcpStream} from './stream.ts'
import {markUrgent, receiveUrgent} from './urgent.ts'

/** As much is copied at a time. */
const PIECE_BYTES = 65_536

/** @returns queues in which to wait for room; undefined: all is sent @throws Errno as man 2 send */
export function sendStream(from: TcpStream, sending: Sending): readonly WaitQueue[] | undefined {
  const {peer} = from
  if (sending.outgoing.flags & MSG_FASTOPEN) throw new Errno(EOPNOTSUPP)
  do {
    if (from.error !== 0 && from.error !== EPIPE) from.throwError()
    if (from.state === 'connecting') return [from.waiters]
    if (from.state !== 'connected' || from.shutdown & SEND_SHUTDOWN) {
      from.error = 0
      throw sending.brokenPipe()
    }
    const count = Math.min(sending.total - sending.sent, from.room, PIECE_BYTES)
    if (count === 0 && sending.sent < sending.total) return [from.waiters]
    if (count > 0) sending.append(from, count)
  } while (sending.sent < sending.total)
  if (sending.outgoing.flags & MSG_OOB && sending.total > 0 && peer !== undefined) {
    // Who resets the connection, because it receives no more, has seen which byte is urgent.
    const isReset = from.peer === undefined
    const offset = peer.received.length + (isReset ? sending.total : 0) - 1
    const [value] = isReset ? sending.copy(sending.total - 1, 1) : peer.received.first(1, offset)
    markUrgent(peer, offset, value)
  }
  return undefined
}

/** @returns false when there is more to wait for @throws Errno ENOTCONN, EINVAL, EFAULT, EAGAIN, the pending error */
export function receiveStream(socket: TcpStream, reading: Reading): boolean {
  if (reading.flags & MSG_ERRQUEUE) throw new Errno(EAGAIN)
  if (socket.isListening) throw new Errno(ENOTCONN)
  if (reading.flags & MSG_OOB) return receiveUrgent(socket, reading)
  const {received} = socket
  // No byte of those that wait.
  if (reading.size === 0 && received.length > 0) return true
  // What was peeked at stays: a wait for more begins anew.
  let at = reading.peeks ? 0 : reading.copied
  if (reading.peeks) reading.copied = 0
  let skipped = 0
  while (at < reading.size && received.length > skipped) {
    const count = untilMark(socket, skipped, reading.size - at, at > 0)
    if (count === 0) {
      if (at > 0) return true
      if (reading.peeks) skipped++
      else socket.drop(1)
      continue
    }
    const bytes = received.first(count, skipped)
    if (!put(reading, bytes, at)) return true
    at += bytes.length
    reading.copied = reading.result = at
    if (reading.peeks) skipped += bytes.length
    else socket.drop(bytes.length)
  }
  if (at >= reading.leastBytes(socket.options.lowWater)) return true
  return hasEnded(socket, reading)
}

/** How many of `count` bytes behind `skipped` others come before the urgent byte, where a receive ends; 0: it is next, and is left out. */
function untilMark({urgent, options}: TcpStream, skipped: number, count: number, hasBytes: boolean): number {
  if (urgent === undefined || urgent.offset < skipped) return count
  const before = urgent.offset - skipped
  if (before === 0 && !hasBytes && options.isOn(SO_OOBINLINE)) return count
  return Math.min(before, count)
}

/** MSG_TRUNC drops the bytes. @returns false when memory ends, after some bytes */
function put(reading: Reading, bytes: Uint8Array, at: number): boolean {
  if (reading.flags & MSG_TRUNC) return true
  try {
    reading.buffer.put(bytes, at)
    return true
  } catch (error) {
    if (at > 0 && error instanceof Errno) return false
    throw error
  }
}

/** Nothing more waits. */
function hasEnded(socket: TcpStream, {copied}: Reading): boolean {
  if (copied > 0)
    return socket.error !== 0 || (socket.shutdown & RCV_SHUTDOWN) !== 0 || socket.state !== 'connected'
  if (socket.hasEnded) return true
  socket.throwError()
  if (socket.shutdown & RCV_SHUTDOWN) return true
  if (socket.state !== 'connected' && socket.state !== 'connecting') throw new Errno(ENOTCONN)
  return false
}

/** For transfers inside the sentry. @throws Errno EAGAIN when there is nothing yet … */
export function readStream(socket: TcpStream, target: Uint8Array, flags: number): number {
  const buffer: ByteSink = {put: (bytes, at) => target.set(bytes, at)}
  const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
  if (!receiveStream(socket, reading) && reading.copied === 0) throw new Errno(EAGAIN)
  return reading.result
}

/** For such transfers. @throws Errno EAGAIN, EPIPE, the pending error */
export function writeStream(socket: TcpStream, source: Uint8Array): number {
  if (socket.error !== EPIPE) socket.throwError()
  if (socket.state === 'connecting') throw new Errno(EAGAIN)
  if (socket.state !== 'connected' || socket.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
  const count = Math.min(source.length, socket.room)
  if (count === 0 && source.length > 0) throw new Errno(EAGAIN)
  if (count > 0) socket.append(source.subarray(0, count))
  return count
}
