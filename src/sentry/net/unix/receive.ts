// Receives at a UNIX socket what waits there, without waiting for more: net/unix/af_unix.c.

import {EAGAIN, EINVAL, ENOTCONN, EOPNOTSUPP, Errno} from '../../../abi/errno.ts'
import {MSG_DONTWAIT, MSG_OOB, MSG_TRUNC, RCV_SHUTDOWN, SOCK_DGRAM} from '../../../abi/socket.ts'
import {type ByteSink, Reading} from '../reading.ts'
import {nameOf} from './address.ts'
import type {Message} from './send.ts'
import type {UnixSocket} from './unix-socket.ts'

/** @returns false when there is more to wait for @throws Errno EOPNOTSUPP, EINVAL, ENOTCONN, EFAULT, EAGAIN, the pending error */
export function receive(socket: UnixSocket, reading: Reading): boolean {
  if (reading.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
  if (socket.isStream) return receiveStream(socket, reading)
  if (socket.type !== SOCK_DGRAM && socket.state !== 'connected') throw new Errno(ENOTCONN)
  return receiveRecord(socket, reading)
}

function receiveStream(socket: UnixSocket, reading: Reading): boolean {
  if (socket.state !== 'connected' && !socket.isDead) throw new Errno(EINVAL)
  for (let index = 0; ; ) {
    const message = socket.queue[index]
    if (message === undefined) {
      if (reading.copied >= reading.leastBytes(socket.options.lowWater)) return true
      return hasEnded(socket, reading)
    }
    if (socket.options.passesCredentials && !reading.accepts(message.credentials)) return true
    if (!takeBytes(message, reading)) return true
    reading.rights = message.rights
    if (reading.peeks) {
      if (message.rights !== undefined || ++index === socket.queue.length) return true
    } else {
      message.rights = undefined
      if (message.left > 0) return true
      socket.dequeue()
      if (reading.rights !== undefined) return true
    }
    // Who peeks gets descriptors of a later message, even without room for its bytes: unix_stream_read_generic in Linux.
    if (!reading.peeks && reading.copied >= reading.size) return true
  }
}

/** Nothing more waits. */
function hasEnded(socket: UnixSocket, {copied}: Reading): boolean {
  // If bytes were received, the error is forgotten (POSIX 1003.1g, says Linux).
  if (copied > 0) return socket.takeError() !== 0 || (socket.shutdown & RCV_SHUTDOWN) !== 0
  socket.throwError()
  return (socket.shutdown & RCV_SHUTDOWN) !== 0
}

/** Copies the next bytes of a stream. @returns false when memory ends, after some bytes */
function takeBytes(message: Message, reading: Reading): boolean {
  const start = message.consumed
  const count = Math.min(message.left, reading.size - reading.copied)
  if (reading.wantsName) reading.name ??= nameOf(message.sender.address)
  try {
    reading.buffer.put(message.bytes.subarray(start, start + count), reading.copied)
  } catch (error) {
    if (reading.copied > 0 && error instanceof Errno) return false
    throw error
  }
  reading.copied += count
  reading.result = reading.copied
  if (!reading.peeks) message.consumed += count
  return true
}

/** A datagram, or a record of SOCK_SEQPACKET: what does not fit is lost. */
function receiveRecord(socket: UnixSocket, reading: Reading): boolean {
  socket.throwError()
  const message = socket.queue[0]
  if (message === undefined) {
    if (!(socket.shutdown & RCV_SHUTDOWN)) return false
    if (socket.type === SOCK_DGRAM && reading.flags & MSG_DONTWAIT) throw new Errno(EAGAIN)
    reading.isEnd = true
    return true
  }
  const {bytes, rights, credentials, sender} = message
  if (reading.wantsName) reading.name = nameOf(sender.address)
  reading.credentials = credentials
  const count = Math.min(bytes.length, reading.size)
  reading.isTruncated = count < bytes.length
  reading.result = reading.flags & MSG_TRUNC ? bytes.length : count
  try {
    reading.buffer.put(bytes.subarray(0, count), 0)
    reading.rights = rights
  } finally {
    // The record is gone, even if memory for it is missing; then so are its rights.
    if (!reading.peeks) {
      socket.dequeue()
      if (reading.rights === undefined) rights?.release()
    }
  }
  reading.copied = count
  return true
}

/** For transfers inside the sentry. Closes descriptors that come with the bytes. @throws Errno EAGAIN when there is nothing yet … */
export function readSocket(socket: UnixSocket, target: Uint8Array, flags: number): number {
  const buffer: ByteSink = {put: (bytes, at) => target.set(bytes, at)}
  const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
  if (!receive(socket, reading) && reading.copied === 0) throw new Errno(EAGAIN)
  reading.dropRights()
  return reading.result
}
