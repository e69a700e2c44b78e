// takeArrival: a connection, or datagram, from outside to a published port, for whoever has that port of the guest.

import {Errno} from '../../../../abi/errno.ts'
import {AF_INET} from '../../../../abi/socket.ts'
import type {Arrival} from '../../../../broker/protocol.ts'
import {decodeIPv6, type Endpoint, type IpAddress, isIPv4, LOOPBACK, LOOPBACK6} from '../address.ts'
import type {InetSocket} from '../inet-socket.ts'
import type {InetStack} from '../inet-stack.ts'
import {findListener} from '../tcp/connect.ts'
import type {TcpSocket} from '../tcp/tcp-socket.ts'
import {Datagram} from '../udp/datagram.ts'
import {findReceiver} from '../udp/deliver.ts'
import type {HostConnections} from './connections.ts'
import {HostTcpSocket} from './host-tcp-socket.ts'
import {HostUdpSocket} from './host-udp-socket.ts'

/** What a listener of IPv4 sees of a peer of IPv6: host.internal, 192.0.0.2. */
const HOST_IP = 0xc000_0002
const NOTHING = new Uint8Array(0)

/** @param fd its own from here on: closed if nobody listens */
export function takeArrival(
  stack: InetStack,
  connections: HostConnections,
  arrival: Arrival,
  fd: number,
): void {
  const {port, guestPort} = arrival
  if (!arrival.isStream) {
    takeDatagram(stack, connections, arrival, fd)
    return
  }
  const listener = listenerAt(stack, guestPort, port)
  const socket = listener && makeSocket(listener, connections)
  if (socket === undefined) {
    connections.close(fd)
    return
  }
  socket.arrive(fd, {ip: shownIp(ipOf(arrival), listener!), port}, listener!)
}

/** @param fd -1: of a flow that has come */
function takeDatagram(stack: InetStack, connections: HostConnections, arrival: Arrival, fd: number): void {
  const {port, guestPort, data = ''} = arrival
  const bytes = Buffer.from(data, 'base64')
  const socket = receiverAt(stack, guestPort, ipOf(arrival), port)
  if (socket !== undefined) {
    const from = {ip: shownIp(ipOf(arrival), socket), port}
    if (fd < 0) socket.hear(from, bytes)
    else socket.arrive(fd, from, bytes)
  } else if (fd >= 0) connections.close(fd)
}

/** As a datagram to 127.0.0.1 would find it, or one to ::1. */
function receiverAt(stack: InetStack, port: number, ip: IpAddress, from: number): HostUdpSocket | undefined {
  for (const to of [LOOPBACK, LOOPBACK6]) {
    const peer = isIPv4(to) && !isIPv4(ip) ? HOST_IP : ip
    const datagram = new Datagram(NOTHING, {ip: peer, port: from}, {ip: to, port}, 0, 0)
    const socket = findReceiver(stack.udp, datagram)
    if (socket instanceof HostUdpSocket) return socket
  }
  return undefined
}

/** At 127.0.0.1, or at ::1, which is where others are not bound. */
function listenerAt({tcp}: InetStack, port: number, from: number): TcpSocket | undefined {
  const to: readonly Endpoint[] = [
    {ip: LOOPBACK, port},
    {ip: LOOPBACK6, port},
  ]
  return findListener(tcp, to[0], from) ?? findListener(tcp, to[1], from)
}

/** @returns undefined: there is no room for it */
function makeSocket({family}: TcpSocket, connections: HostConnections): HostTcpSocket | undefined {
  try {
    return new HostTcpSocket(family, connections)
  } catch (error) {
    if (error instanceof Errno) return undefined
    throw error
  }
}

function ipOf({ip}: Arrival): IpAddress {
  return ip.length === 8 ? Number.parseInt(ip, 16) : decodeIPv6(Buffer.from(ip, 'hex'))
}

function shownIp(ip: IpAddress, {family}: InetSocket): IpAddress {
  return isIPv4(ip) || family.number !== AF_INET ? ip : HOST_IP
}
