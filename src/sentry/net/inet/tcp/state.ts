// What the state of a TCP socket means to poll(2) and to those that show it: tcp_poll, tcp_inq in Linux.

import {EINVAL, Errno} from '../../../../abi/errno.ts'
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_SYN_SENT,
} from '../../../../abi/inet.ts'
import {FIONREAD, SIOCATMARK, SIOCOUTQNSD, TIOCOUTQ} from '../../../../abi/ioctl.ts'
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../../../../abi/poll.ts'
import {RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, SO_OOBINLINE} from '../../../../abi/socket.ts'
import type {TcpStream} from './stream.ts'
import type {TcpSocket} from './tcp-socket.ts'

export const READABLE = POLLIN | POLLRDNORM
export const WRITABLE = POLLOUT | POLLWRNORM

/** TCP_*. What was sent is received at once, so a connection is never in FIN_WAIT1, CLOSING or LAST_ACK; TIME_WAIT has no socket. */
export function tcpState({state, hasSentEnd, hasEnded}: TcpStream): number {
  if (state === 'listening') return TCP_LISTEN
  if (state === 'connecting') return TCP_SYN_SENT
  if (state !== 'connected') return TCP_CLOSE
  if (hasEnded) return hasSentEnd ? TCP_CLOSE : TCP_CLOSE_WAIT
  return hasSentEnd ? TCP_FIN_WAIT2 : TCP_ESTABLISHED
}

export function readiness(socket: TcpSocket): number {
  const {state, shutdown, urgent} = socket
  if (state === 'listening') return socket.backlog.length > 0 ? READABLE : 0
  let ready = socket.error !== 0 ? POLLERR : 0
  if (shutdown === SHUTDOWN_MASK || state === 'closed' || state === 'reset') ready |= POLLHUP
  if (shutdown & RCV_SHUTDOWN) ready |= READABLE | POLLRDHUP
  if (state === 'connecting') return ready
  // The urgent byte is none of those that recv(2) waits for.
  const least = socket.options.lowWater + Number(urgent?.offset === 0 && !socket.options.isOn(SO_OOBINLINE))
  if (socket.received.length >= least) ready |= READABLE
  if (shutdown & SEND_SHUTDOWN || socket.isWritable) ready |= WRITABLE
  return urgent !== undefined && !urgent.isTaken ? ready | POLLPRI : ready
}

/** SIOCINQ: up to the urgent byte, if it is still to come. */
export function receivableBytes({received, urgent, window, options}: TcpStream): number {
  const waiting = Math.min(received.length, window)
  return urgent === undefined || options.isOn(SO_OOBINLINE) ? waiting : Math.min(waiting, urgent.offset)
}

/** What ioctl(2) stores for SIOCINQ, SIOCOUTQ and the like; undefined: it is none of them. @throws Errno EINVAL */
export function numberFor(socket: TcpSocket, request: number): number | undefined {
  if (request === SIOCATMARK) return Number(socket.urgent?.offset === 0)
  if (request !== FIONREAD && request !== TIOCOUTQ && request !== SIOCOUTQNSD) return undefined
  if (socket.isListening) throw new Errno(EINVAL)
  return request === FIONREAD ? socket.receivableBytes : socket.unsentBytes
}
