// Making TCP connections inside the sandbox: connect(2), listen(2), and what happens when a backlog is full.

import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  Errno,
} from '../../../../abi/errno.ts'
import {AF_INET, AF_UNSPEC, SEND_SHUTDOWN, SOMAXCONN} from '../../../../abi/socket.ts'
import type {Task} from '../../../core/task.ts'
import {
  decodeEndpoint,
  type Endpoint,
  familyOf,
  isAny,
  isIPv4,
  isLoopback,
  isMulticast,
  LOOPBACK,
  LOOPBACK6,
  sourceOf,
} from '../address.ts'
import {refuseOutside} from '../outside.ts'
import {covers, type PortTable} from '../port-table.ts'
import {ConnectTimeout} from './connect-timeout.ts'
import {TcpSocket} from './tcp-socket.ts'

/** listen(2). @throws Errno EINVAL, EADDRINUSE */
export function listen(task: Task, socket: TcpSocket, backlog: number): void {
  if (socket.isReporting || socket.isDisconnecting || (socket.state !== 'closed' && !socket.isListening))
    throw new Errno(EINVAL)
  if (!socket.isListening) {
    const {local, ports} = socket
    // Two may be bound to one port with SO_REUSEADDR, but only one of them listens.
    if (local.port !== 0 && ports.isTaken(socket, local.ip, local.port)) throw new Errno(EADDRINUSE)
    socket.bindAny(task)
    if (socket.role === 'connection') throw new Errno(EINVAL)
    socket.pid = task.process.pid
    socket.startListening()
  }
  socket.maxBacklog = Math.min(backlog, SOMAXCONN)
  admitConnector(socket)
}

/** connect(2). @returns false: it waits for room in a listener's backlog @throws Errno as man 2 connect */
export function connectSocket(
  task: Task,
  socket: TcpSocket,
  address: Uint8Array,
  mayWait: boolean,
  expired: boolean,
): boolean {
  if (address.length < 2) throw new Errno(EINVAL)
  if (familyOf(address) === AF_UNSPEC) {
    socket.disconnect()
    return true
  }
  if (socket.state === 'connecting') {
    if (!mayWait) throw new Errno(expired ? EINPROGRESS : EALREADY)
    return false
  }
  if (socket.isReporting) return reportConnection(socket)
  if (socket.isDisconnecting) throw new Errno(EINVAL)
  if (socket.state !== 'closed' || socket.remote !== undefined) throw new Errno(EISCONN)
  const result = startConnection(task, socket, destinationOf(socket, address))
  if (mayWait && result === 'connected') return true
  socket.isReporting = true
  if (result === 'refused') socket.refuse(ECONNREFUSED)
  if (mayWait) return result !== 'waits' && reportConnection(socket)
  socket.waiters.wakeAll()
  throw new Errno(EINPROGRESS)
}

/** Of a connection that was begun, and has been made or ended meanwhile. After a failure the socket can connect anew. */
function reportConnection(socket: TcpSocket): boolean {
  socket.isReporting = false
  if (socket.state === 'connected') return true
  const error = socket.takeError() || ECONNABORTED
  socket.disconnect()
  throw new Errno(error)
}

/** The unspecified address means this machine: of IPv4, the address that the socket is bound to. @throws Errno EAFNOSUPPORT, EINVAL, ENETUNREACH */
export function destinationOf({family, local, isIPv6Only}: TcpSocket, address: Uint8Array): Endpoint {
  const {ip, port} = decodeEndpoint(address, family.number)
  if (isMulticast(ip) || (family.number !== AF_UNSPEC && isIPv6Only && isIPv4(ip)))
    throw new Errno(ENETUNREACH)
  const isMapped = family.number !== AF_INET && isIPv4(local.ip)
  if (!isAny(ip)) {
    if (isMapped && !isIPv4(ip)) throw new Errno(EAFNOSUPPORT)
    return {ip, port}
  }
  if (!isIPv4(ip)) return {ip: isMapped ? LOOPBACK : LOOPBACK6, port}
  return {ip: isIPv4(local.ip) && !isAny(local.ip) ? local.ip : LOOPBACK, port}
}

/**
 * Connects, or waits for room in a listener's backlog.
 * @param task undefined: the embedder connects @throws Errno EACCES, EINVAL, EADDRNOTAVAIL, ENFILE
 */
export function startConnection(
  task: Task | undefined,
  socket: TcpSocket,
  to: Endpoint,
): 'connected' | 'waits' | 'refused' | 'ended' {
  if (!isLoopback(to.ip)) refuseOutside(task, to)
  open(task, socket, to)
  if (socket.local.port === to.port && socket.local.ip === to.ip) return connectToItself(socket, to)
  const listener = findListener(socket.ports, to, socket.local.port)
  if (listener === undefined) {
    socket.role = 'connection'
    socket.stack.counters.tcp.AttemptFails++
    socket.remote = to
    return 'refused'
  }
  connectFrom(socket, to)
  try {
    const result = enqueue(socket, listener)
    if (result === 'waits' && task !== undefined)
      socket.timeout = new ConnectTimeout(socket, task.kernel.timers)
    return result
  } catch (error) {
    giveUp(socket)
    throw error
  }
}

/** It has not begun: the socket can connect anew. */
export function giveUp(socket: TcpSocket): void {
  socket.stack.connections.delete(socket)
  socket.forgetPeer()
}

/** One that leads out of the sandbox has the sandbox's own address and port: of the host's it shows none. @throws Errno EADDRNOTAVAIL */
export function openOutwards(task: Task, socket: TcpSocket, to: Endpoint): void {
  open(task, socket, to)
  connectFrom(socket, to)
}

/** @throws Errno EINVAL, EADDRNOTAVAIL */
function open(task: Task | undefined, socket: TcpSocket, to: Endpoint): void {
  if (socket.role === 'listener') refuseListener(socket, to)
  chooseLocal(task, socket, to)
  socket.stack.counters.tcp.ActiveOpens++
  socket.error = 0
}

/** tcp_v4_connect in Linux has chosen the address by then; it stays if bind(2) has once chosen one. @throws Errno EINVAL */
function refuseListener(socket: TcpSocket, to: Endpoint): never {
  socket.local = {...socket.local, ip: sourceOf(socket.local.ip, to.ip)}
  socket.forgetPeer()
  throw new Errno(EINVAL)
}

/** Becomes a connection of the listener, or waits for room in its backlog. @throws Errno ENFILE */
export function enqueue(socket: TcpSocket, listener: TcpSocket): 'connected' | 'waits' {
  if (isFull(listener)) {
    socket.stack.counters.listenOverflows++
    socket.state = 'connecting'
    socket.listener = listener
    listener.connectors.add(socket)
    return 'waits'
  }
  socket.join(listener)
  return 'connected'
}

/** RFC 9293, 3.5, simultaneous open, with one socket at both ends. @throws Errno EADDRNOTAVAIL */
function connectToItself(socket: TcpSocket, to: Endpoint): 'connected' | 'ended' {
  connectFrom(socket, to)
  socket.noteConnection()
  socket.peer = socket
  socket.state = 'connected'
  if (!(socket.shutdown & SEND_SHUTDOWN)) return 'connected'
  // shutdown(2) came before, and both ends are this one.
  socket.sendEnd()
  socket.peer = undefined
  socket.refuse(0)
  return 'ended'
}

/** @throws Errno EADDRNOTAVAIL when the connection exists */
function connectFrom(socket: TcpSocket, to: Endpoint): void {
  socket.remote = to
  if (!socket.stack.connect(socket)) {
    socket.forgetPeer()
    throw new Errno(EADDRNOTAVAIL)
  }
  socket.role = 'connection'
}

/** @throws Errno EADDRNOTAVAIL when no port is free */
function chooseLocal(task: Task | undefined, socket: TcpSocket, to: Endpoint): void {
  try {
    if (socket.local.port === 0 && !socket.ports.hasFree) socket.stack.timeWaits.makePort()
    socket.chooseLocal(task, to.ip)
  } catch (error) {
    throw error instanceof Errno && error.code === EADDRINUSE ? new Errno(EADDRNOTAVAIL) : error
  }
}

/** The one that is bound most narrowly; of several with SO_REUSEPORT, each in turn. @param from the peer's port */
export function findListener(ports: PortTable, to: Endpoint, from: number): TcpSocket | undefined {
  let best: TcpSocket[] = []
  for (const other of ports.at(to.port)) {
    if (!(other instanceof TcpSocket) || !other.isListening) continue
    if (!covers(other.local.ip, other.isIPv6Only, to.ip)) continue
    const narrower = best.length === 0 ? 1 : narrowness(other) - narrowness(best[0])
    if (narrower > 0) best = [other]
    else if (narrower === 0) best.push(other)
  }
  return best.length <= 1 ? best[0] : best[hash(from) % best.length]
}

/** A dual-stack socket is the widest. */
function narrowness({local, family}: TcpSocket): number {
  if (!isAny(local.ip)) return 2
  return isIPv4(local.ip) && family !== undefined ? 1 : 0
}

function hash(port: number): number {
  return Math.imul(port, 0x9e37_79b1) >>> 8
}

/** Linux lets one more in than was asked for. */
function isFull(listener: TcpSocket): boolean {
  return listener.backlog.length > listener.maxBacklog
}

/** The backlog has room again: those that have waited longest become connections. */
export function admitConnector(listener: TcpSocket): void {
  while (!isFull(listener)) {
    const socket = listener.connectors.shift()
    if (socket === undefined) return
    socket.stopWaiting()
    try {
      socket.join(listener)
      socket.waiters.wakeAll()
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      socket.refuse(error.code)
    }
  }
}
