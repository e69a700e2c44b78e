// Sends datagrams: where they go, what they say of themselves, and their parts: sendmsg(2), udp(7). udp_sendmsg, udpv6_sendmsg in Linux.

import {
  EACCES,
  EAFNOSUPPORT,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  EOPNOTSUPP,
  EPIPE,
  Errno,
} from '../../../../abi/errno.ts'
import {IP_MULTICAST_IF, IP_TRANSPARENT, SOL_IP, UDP_MAX_BYTES, UDP6_MAX_BYTES} from '../../../../abi/inet.ts'
import {AF_INET, AF_UNSPEC, MSG_MORE, MSG_OOB, SEND_SHUTDOWN, SO_BROADCAST} from '../../../../abi/socket.ts'
import type {Task} from '../../../core/task.ts'
import type {Outgoing, Sending} from '../../sending.ts'
import {
  ANY6,
  decodeEndpoint,
  type Endpoint,
  familyOf,
  type IpAddress,
  isAny,
  isBroadcast,
  isGroup,
  isIPv4,
  isLoopback,
  isMulticast,
  LOOPBACK,
  loopbackOf,
} from '../address.ts'
import {type DatagramOptions, readDatagramOptions} from './control.ts'
import {Datagram} from './datagram.ts'
import {countSent, deliver, findReceiver} from './deliver.ts'
import type {UdpSocket} from './udp-socket.ts'

const DNS_PORT = 53
const NO_OPTIONS: DatagramOptions = {}
const NOTHING = new Uint8Array(0)

export function sendDatagram(socket: UdpSocket, sending: Sending): void {
  const {task, total, outgoing} = sending
  socket.bindAny(task)
  if (total > 0xffff) throw new Errno(EMSGSIZE)
  if (socket.family.number === AF_INET) checkFlags(outgoing.flags)
  if (socket.corked !== undefined) checkPart(socket, socket.corked, outgoing)
  const datagram = socket.corked ?? headersFor(socket, task, outgoing)
  try {
    checkSize(datagram, total)
    if (socket.corked === undefined) checkState(socket)
    if (datagram.to.port === DNS_PORT) noteQuestion(socket, task, datagram)
    const isMore = isCorking(socket, outgoing.flags)
    const isWhole = socket.corked === undefined && !isMore
    if (isWhole && socket.sendsInPlace(datagram, sending)) countSent(socket, datagram.to.ip, total)
    else add(socket, datagram, sending.copy(0, total), isMore)
  } catch (error) {
    // An error ends the datagram whose parts were collected.
    socket.dropCorked()
    throw error
  }
  sending.sent = total
}

/** Without a way out nobody answers questions for names: the program asks for a network that it does not have. */
function noteQuestion({stack, ports}: UdpSocket, {process, context}: Task, datagram: Datagram): void {
  if (stack.hostConnections === undefined && findReceiver(ports, datagram) === undefined)
    process.run.counters.countRefused(context.callNumber)
}

/** One more part goes where the first one goes. Only an IPv6 socket looks at another name. @throws Errno EINVAL, ENETUNREACH, EOPNOTSUPP */
function checkPart(socket: UdpSocket, {to}: Datagram, {name, flags}: Outgoing): void {
  const isNamed = socket.family.number !== AF_INET && name !== undefined
  const isNamedIPv4 = isNamed && isNameOfIPv4(socket, name)
  if (isNamedIPv4 && socket.isIPv6Only) throw new Errno(ENETUNREACH)
  if (isNamedIPv4 || isIPv4(to.ip)) checkFlags(flags)
  if (isNamedIPv4 && !isIPv4(to.ip)) throw new Errno(EINVAL)
}

/** @throws Errno EINVAL */
function isNameOfIPv4(socket: UdpSocket, name: Uint8Array): boolean {
  if (name.length >= 2 && familyOf(name) === AF_INET) return true
  const ip = destinationIn(socket, name)?.ip
  return ip !== undefined && isIPv4(ip)
}

/** For transfers inside the sentry: to the peer. @throws Errno EDESTADDRREQ, EMSGSIZE, EPIPE, the pending error */
export function writeDatagram(socket: UdpSocket, source: Uint8Array): void {
  const datagram = socket.corked ?? datagramTo(socket, peerOf(socket), NO_OPTIONS)
  checkSize(datagram, source.length)
  if (socket.corked === undefined) checkState(socket)
  add(socket, datagram, source.slice(), isCorking(socket, 0))
}

function isCorking({defaults}: UdpSocket, flags: number): boolean {
  return (flags & MSG_MORE) !== 0 || defaults.isCorking
}

/** IPv6 takes no notice of MSG_OOB. @throws Errno EOPNOTSUPP */
function checkFlags(flags: number): void {
  if (flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
}

/** @throws Errno EMSGSIZE */
function checkSize({bytes, to}: Datagram, more: number): void {
  if (bytes.length + more > (isIPv4(to.ip) ? UDP_MAX_BYTES : UDP6_MAX_BYTES)) throw new Errno(EMSGSIZE)
}

/** Before the first part of a datagram. @throws Errno EPIPE, the pending error */
function checkState(socket: UdpSocket): void {
  socket.throwError()
  if (socket.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
}

/** Adds a part; the last one sends it. @throws Errno ENOBUFS, EINVAL */
function add(socket: UdpSocket, datagram: Datagram, part: Uint8Array, isMore: boolean): void {
  const isFirst = datagram.bytes.length === 0
  if (socket.corked === undefined && !isMore) {
    datagram.bytes = part
    deliver(socket, datagram)
    return
  }
  socket.budget.take(part.length, ENOBUFS)
  datagram.bytes = isFirst ? part : Buffer.concat([datagram.bytes, part])
  socket.corked = datagram
  if (!isMore) socket.pushCorked()
}

/** A datagram without its bytes. @throws Errno EDESTADDRREQ, EINVAL …, EACCES, ENETUNREACH */
function headersFor(socket: UdpSocket, task: Task, outgoing: Outgoing): Datagram {
  const {name, control} = outgoing
  const named = name === undefined ? undefined : destinationIn(socket, name)
  const wanted = named ?? peerOf(socket)
  if (isIPv4(wanted.ip)) {
    if (socket.isIPv6Only) throw new Errno(ENETUNREACH)
    checkFlags(outgoing.flags)
  }
  // An IPv6 socket names its peer of IPv4.
  const isNamed = named !== undefined || (isIPv4(wanted.ip) && socket.family.number !== AF_INET)
  if (isNamed && wanted.port === 0) throw new Errno(EINVAL)
  const messages = control?.others
  const options =
    messages === undefined || messages.length === 0
      ? NO_OPTIONS
      : readDatagramOptions(messages, !isIPv4(wanted.ip))
  return datagramTo(socket, named === undefined ? wanted : routeTo(socket, task, named), options)
}

/** @throws Errno EDESTADDRREQ */
function peerOf({remote}: UdpSocket): Endpoint {
  if (remote === undefined) throw new Errno(EDESTADDRREQ)
  return remote
}

/** An IPv6 socket takes an IPv4 address, too. @returns undefined: the peer @throws Errno EINVAL, EAFNOSUPPORT, ENETUNREACH */
function destinationIn(socket: UdpSocket, name: Uint8Array): Endpoint | undefined {
  if (name.length < 2) throw new Errno(EINVAL)
  const family = familyOf(name)
  if (socket.family.number === AF_INET) {
    // AF_UNSPEC is taken for AF_INET.
    if (name.length >= 16 && family !== AF_INET && family !== AF_UNSPEC) throw new Errno(EAFNOSUPPORT)
    return decodeEndpoint(
      family === AF_UNSPEC ? Uint8Array.of(AF_INET, 0, ...name.subarray(2)) : name,
      AF_INET,
    )
  }
  if (family === AF_UNSPEC) return undefined
  if (family !== AF_INET && family !== socket.family.number) throw new Errno(EINVAL)
  // Before its length: udpv6_sendmsg in Linux.
  if (family === AF_INET && socket.isIPv6Only) throw new Errno(ENETUNREACH)
  const {ip, port} = decodeEndpoint(name, family)
  return {ip: ip === ANY6 && isIPv4(socket.local.ip) ? LOOPBACK : ip, port}
}

/**
 * Where a datagram for that address goes: the unspecified address means this machine.
 * @throws Errno EACCES, EAFNOSUPPORT, ENETUNREACH
 */
export function routeTo(socket: UdpSocket, task: Task, {ip, port}: Endpoint): Endpoint {
  const {local, isIPv6Only, family} = socket
  if (isIPv4(ip) && isIPv6Only) throw new Errno(ENETUNREACH)
  if (!isIPv4(ip) && isIPv4(local.ip) && family.number !== AF_INET) {
    if (!isAny(ip)) throw new Errno(EAFNOSUPPORT)
    return {ip: LOOPBACK, port}
  }
  if (isAny(ip))
    return {ip: isIPv4(ip) && isIPv4(local.ip) && isLoopback(local.ip) ? local.ip : loopbackOf(ip), port}
  if (isBroadcast(ip) && !socket.options.isOn(SO_BROADCAST)) throw new Errno(EACCES)
  if (isLoopback(ip) || isGroup(ip)) return {ip, port}
  return socket.routeOutside(task, {ip, port})
}

/** @throws Errno EINVAL, ENETUNREACH: it cannot come from that address */
function datagramTo(socket: UdpSocket, to: Endpoint, options: DatagramOptions): Datagram {
  const {segmentBytes} = socket.defaults
  const fields = isIPv4(to.ip) ? socket.defaults.ipv4 : socket.defaults.ipv6
  return new Datagram(
    NOTHING,
    sourceFor(socket, to.ip, options.source),
    to,
    options.hops ?? (isMulticast(to.ip) ? fields.groupHops : fields.hops),
    options.trafficClass ?? fields.trafficClass,
    options.segmentBytes ?? segmentBytes,
  )
}

/** A socket of all addresses, or of a group, sends from the interface's. */
function sourceFor({local, kept}: UdpSocket, to: IpAddress, named?: IpAddress): Endpoint {
  const isNamed = named !== undefined && !isAny(named)
  const ip = isNamed ? named : local.ip
  if (isLoopback(ip) && isIPv4(ip) === isIPv4(to)) return isNamed ? {ip, port: local.port} : local
  if (!isNamed && (isAny(ip) || isGroup(ip) || isIPv4(ip) !== isIPv4(to))) {
    const preferred = isIPv4(to) && isMulticast(to) && kept.get(SOL_IP, IP_MULTICAST_IF)
    return {ip: preferred || loopbackOf(to), port: local.port}
  }
  if (isNamed || !kept.isOn(SOL_IP, IP_TRANSPARENT)) throw new Errno(isIPv4(ip) ? ENETUNREACH : EINVAL)
  return local
}
