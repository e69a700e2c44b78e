// Making and ending connections between UNIX sockets: socketpair(2), connect(2), listen(2), accept(2).

import {ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, EOPNOTSUPP, EPERM, Errno} from '../../../abi/errno.ts'
import {POLLIN, POLLRDNORM} from '../../../abi/poll.ts'
import {AF_UNSPEC, RCV_SHUTDOWN, SOMAXCONN, UNIX_PATH_OFFSET} from '../../../abi/socket.ts'
import type {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Task} from '../../core/task.ts'
import type {PeerCredentials} from '../socket.ts'
import {callerCredentials} from '../socket-argument.ts'
import {decodeAddress, familyOf} from './address.ts'
import {findSocket, nameIfAsked} from './bind.ts'
import {maySend} from './send.ts'
import {UnixSocket} from './unix-socket.ts'

/** socketpair(2). */
export function joinPair(a: UnixSocket, b: UnixSocket, who: PeerCredentials): void {
  a.setPeer(b)
  b.setPeer(a)
  a.peerCredentials = b.peerCredentials = who
  a.state = b.state = 'connected'
}

/** listen(2): `backlog` is unsigned. @throws Errno EOPNOTSUPP, EINVAL */
export function listen(socket: UnixSocket, backlog: number, who: PeerCredentials): void {
  if (!socket.isConnectionBased) throw new Errno(EOPNOTSUPP)
  if (socket.address === undefined || socket.state === 'connected') throw new Errno(EINVAL)
  const before = socket.maxQueued
  socket.state = 'listening'
  socket.maxQueued = Math.min(backlog, SOMAXCONN)
  socket.peerCredentials = who
  if (socket.maxQueued > before) socket.room.wakeAll()
}

/** connect(2). @returns the queue in which to wait for room in the listener's backlog; undefined: connected */
export function connectSocket(task: Task, socket: UnixSocket, address: Uint8Array): WaitQueue | undefined {
  if (!socket.isConnectionBased) {
    if (address.length < UNIX_PATH_OFFSET) throw new Errno(EINVAL)
    if (familyOf(address) === AF_UNSPEC) {
      disconnectDatagrams(socket)
      return undefined
    }
  }
  decodeAddress(address)
  nameIfAsked(socket)
  const to = findSocket(task, socket, address)
  if (socket.isConnectionBased) return connectTo(socket, to, callerCredentials(task)) ? undefined : to.room
  connectDatagrams(socket, to)
  return undefined
}

/**
 * Connects to a listener; the new socket waits in its backlog.
 * @returns false when there is no room
 * @throws Errno ECONNREFUSED, EISCONN, EINVAL, ENFILE
 */
export function connectTo(socket: UnixSocket, listener: UnixSocket, who: PeerCredentials): boolean {
  if (listener.isDead || listener.state !== 'listening' || listener.shutdown & RCV_SHUTDOWN) {
    throw new Errno(ECONNREFUSED)
  }
  if (listener.isFull) return false
  if (socket.state !== 'closed') throw new Errno(socket.state === 'connected' ? EISCONN : EINVAL)

  const accepted = new UnixSocket(socket.type, socket.family)
  accepted.options.passesCredentials = listener.options.passesCredentials
  accepted.address = listener.address
  accepted.peerCredentials = who
  accepted.setPeer(socket)
  accepted.state = 'connected'
  accepted.listener = listener
  socket.peerCredentials = listener.peerCredentials
  socket.setPeer(accepted)
  socket.state = 'connected'
  listener.backlog.push(accepted)
  listener.waiters.wakeAll(POLLIN | POLLRDNORM)
  // It can be written to now.
  socket.waiters.wakeAll()
  return true
}

/** connect(2) of datagrams. @throws Errno EPERM */
function connectDatagrams(socket: UnixSocket, to: UnixSocket): void {
  if (!maySend(socket, to)) throw new Errno(EPERM)
  if (socket.peer !== to) disconnectDatagrams(socket)
  socket.setPeer(to)
  socket.state = to.state = 'connected'
}

/** For connect(2) to AF_UNSPEC, or when the peer is gone: waiting messages are lost, and a peer that is connected back is told. */
export function disconnectDatagrams(socket: UnixSocket): void {
  const {peer} = socket
  if (peer === undefined) return
  socket.setPeer(undefined)
  socket.state = 'closed'
  if (socket.queue.length > 0) {
    socket.purge()
    socket.room.wakeAll()
    if (!peer.isDead && peer.peer === socket) {
      peer.error = ECONNRESET
      peer.waiters.wakeAll()
    }
  }
  peer.state = 'closed'
  socket.waiters.wakeAll()
}

/** The oldest waiting connection, or undefined. @throws Errno EOPNOTSUPP, EINVAL: also for who would wait after shutdown(2) */
export function takeConnection(listener: UnixSocket, mayWait: boolean): UnixSocket | undefined {
  if (!listener.isConnectionBased) throw new Errno(EOPNOTSUPP)
  if (listener.state !== 'listening') throw new Errno(EINVAL)
  listener.throwError()
  const connection = listener.backlog.shift()
  if (connection !== undefined) {
    connection.listener = undefined
    listener.room.wakeAll()
  } else if (mayWait && listener.shutdown & RCV_SHUTDOWN) throw new Errno(EINVAL)
  return connection
}
