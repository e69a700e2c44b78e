// Brings a datagram to the sockets that it is for. udp4_lib_lookup, __udp4_lib_mcast_deliver and their IPv6 twins in Linux.

import {EINVAL, Errno} from '../../../../abi/errno.ts'
import {
  IP_MULTICAST_ALL,
  IPV6_MULTICAST_ALL,
  SOL_IP,
  SOL_IPV6,
  UDP_MAX_SEGMENTS,
} from '../../../../abi/inet.ts'
import {AF_INET} from '../../../../abi/socket.ts'
import {type IpAddress, isAny, isGroup, isIPv4, isMulticast} from '../address.ts'
import type {InetSocket} from '../inet-socket.ts'
import {covers, type PortTable} from '../port-table.ts'
import type {Datagram} from './datagram.ts'
import {reportUnreachable} from './errors.ts'
import {UdpSocket} from './udp-socket.ts'

/** @throws Errno EINVAL: more segments than a send may have */
export function deliver(sender: UdpSocket, datagram: Datagram): void {
  const {bytes, segmentBytes} = datagram
  if (segmentBytes === 0 || bytes.length <= segmentBytes) {
    deliverOne(sender, datagram)
    return
  }
  if (bytes.length > segmentBytes * UDP_MAX_SEGMENTS) throw new Errno(EINVAL)
  for (let at = 0; at < bytes.length; at += segmentBytes)
    deliverOne(sender, datagram.copy(bytes.slice(at, at + segmentBytes)))
}

function deliverOne(sender: UdpSocket, datagram: Datagram): void {
  const {counters} = sender.stack
  countSent(sender, datagram.to.ip, datagram.bytes.length)
  if (sender.sendsOutside(datagram)) return
  if (isGroup(datagram.to.ip)) {
    deliverToGroup(sender, datagram)
    return
  }
  const receiver = findReceiver(sender.ports, datagram)
  if (receiver !== undefined) {
    receiver.enqueue(datagram)
    return
  }
  counters.udp(datagram.to.ip).NoPorts++
  const hearer = findReceiver(sender.ports, datagram.reversed())
  if (hearer !== undefined) reportUnreachable(hearer, datagram)
}

export function countSent(sender: UdpSocket, to: IpAddress, bytes: number): void {
  sender.stack.counters.countDatagram(to, bytes)
  sender.noteSent(bytes)
}

/** To each socket that wants it. What comes to nobody is lost, and no error comes back. */
function deliverToGroup({ports, stack}: UdpSocket, datagram: Datagram): void {
  const {ip, port} = datagram.to
  if (isMulticast(ip) && !stack.groups.has(ip)) return
  for (const socket of ports.at(port)) {
    if (socket instanceof UdpSocket && isFor(socket, datagram) && isMember(socket, datagram))
      socket.enqueue(datagram.copy(datagram.bytes))
  }
}

/** Who has not joined a group receives all the same what others on the interface have joined, unless it says no. */
function isMember({groups, kept}: UdpSocket, {to: {ip}}: Datagram): boolean {
  if (!isMulticast(ip) || groups.has(ip)) return true
  return isIPv4(ip) ? kept.isOn(SOL_IP, IP_MULTICAST_ALL) : kept.isOn(SOL_IPV6, IPV6_MULTICAST_ALL)
}

/** The socket that is bound and connected most narrowly; the youngest of several, or, with SO_REUSEPORT, one by the sender's port. */
export function findReceiver(ports: PortTable, datagram: Datagram): UdpSocket | undefined {
  const sockets = ports.at(datagram.to.port)
  const {port} = datagram.from
  let best: UdpSocket | undefined
  let sharers = 0
  for (const socket of sockets) {
    if (!(socket instanceof UdpSocket) || !isFor(socket, datagram)) continue
    const difference = best === undefined ? 1 : preference(socket, best, port)
    if (difference < 0) continue
    sharers = difference === 0 && sharesPort(socket) && sharesPort(best!) ? sharers + 1 : 1
    best = socket
  }
  if (best === undefined || sharers === 1) return best
  let index = (Math.imul(port, 0x9e37_79b1) >>> 8) % sharers
  for (const socket of sockets) {
    if (!(socket instanceof UdpSocket) || !sharesPort(socket) || !isFor(socket, datagram)) continue
    if (preference(socket, best, port) === 0 && index-- === 0) return socket
  }
  return best
}

/** Who is connected leaves the group of SO_REUSEPORT: udp_lib_hash4 in Linux. */
const sharesPort = ({reusesPort, remote}: UdpSocket): boolean => reusesPort && remote === undefined

/** @returns above 0: the first of the two receives, 0: the youngest */
const preference = (socket: UdpSocket, other: UdpSocket, fromPort: number): number =>
  socket.foundOrder(fromPort) - other.foundOrder(fromPort) || narrowness(socket) - narrowness(other)

/** compute_score in Linux. */
function narrowness({local, remote, family, boundInterface}: InetSocket): number {
  return (
    (isAny(local.ip) ? 0 : 16) +
    (remote === undefined ? 0 : remote.port === 0 ? 4 : 8) +
    (boundInterface === 0 ? 0 : 4) +
    (family.number === AF_INET ? 1 : 0)
  )
}

/** Who is connected to port 0 hears all ports. */
function isFor({local, remote, isIPv6Only}: UdpSocket, {from, to}: Datagram): boolean {
  if (remote !== undefined && remote.ip !== from.ip) return false
  if (remote !== undefined && remote.port !== 0 && remote.port !== from.port) return false
  return covers(local.ip, isIPv6Only, to.ip)
}
