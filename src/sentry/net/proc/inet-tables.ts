// /proc/net/{tcp,udp,raw,udplite} and their IPv6 twins: tcp4_seq_show, udp4_seq_show and so on in Linux.

import {TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN} from '../../../abi/inet.ts'
import {AF_INET} from '../../../abi/socket.ts'
import {ANY, ANY6, type Endpoint, encodeIp, type IpAddress} from '../inet/address.ts'
import type {InetSocket} from '../inet/inet-socket.ts'
import type {InetStack} from '../inet/inet-stack.ts'
import type {PortTable} from '../inet/port-table.ts'
import {tcpState} from '../inet/tcp/state.ts'
import {TcpSocket} from '../inet/tcp/tcp-socket.ts'
import {TimeWait} from '../inet/tcp/time-wait.ts'
import {UdpSocket} from '../inet/udp/udp-socket.ts'
import {hexadecimal, identity, inodeNumber, tableOf} from './table.ts'

const ADDRESSES = 'local_address rem_address  '
const ADDRESSES6 = 'local_address                         remote_address                       '
const COLUMNS = ' st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const DATAGRAM_COLUMNS = `${COLUMNS} ref pointer drops`
/** Lines of IPv4 tables have one length. */
const TCP_LINE = 149
const UDP_LINE = 127
const LINE_BYTES = 224
/** USER_HZ is 100. */
const TICK_NS = 1e7
/** Clock ticks and segments of a connection whose packets arrive at once: retransmission, delayed ACK, quick ACK, window, threshold. */
const LISTENER_TIMES = '100 0 0 10 0'
const CONNECTING_TIMES = '100 0 0 10 -1'
const CONNECTION_TIMES = '20 4 0 10 -1'

/** Of one address family. @param family AF_INET, AF_INET6 */
export function inetTables(family: number, stack: InetStack): Readonly<Record<string, () => string>> {
  const is4 = family === AF_INET
  const addresses = is4 ? ADDRESSES : ADDRESSES6
  const tcpHeader = padded(`  sl  ${addresses}${COLUMNS}`, is4 ? TCP_LINE : 0)
  const udpHeader = padded(`${is4 ? ' ' : ''}  sl  ${addresses}${DATAGRAM_COLUMNS}`, is4 ? UDP_LINE : 0)
  const rawHeader = `  sl  ${addresses}${DATAGRAM_COLUMNS}\n`
  const suffix = is4 ? '' : '6'
  return {
    [`tcp${suffix}`]: () =>
      tableOf(tcpHeader, tcpEnds(stack, family), boundOf(stack.tcp, stack), (end, index) =>
        padded(`${String(index).padStart(4)}: ${tcpLine(end, stack)}`, is4 ? TCP_LINE : 0),
      ),
    [`udp${suffix}`]: () =>
      tableOf(udpHeader, udpSockets(stack.udp, family), boundOf(stack.udp, stack), (socket, index) =>
        padded(`${String(index).padStart(5)}: ${udpLine(socket)}`, is4 ? UDP_LINE : 0),
      ),
    [`raw${suffix}`]: () => rawHeader,
    [`udplite${suffix}`]: () => udpHeader,
  }
}

function boundOf(ports: PortTable, {budget, timeWaits}: InetStack) {
  return {bytes: (ports.size + timeWaits.size) * LINE_BYTES, budget}
}

const padded = (line: string, width: number): string => `${line.padEnd(width)}\n`

function* ofFamily(ports: PortTable, family: number): Iterable<InetSocket> {
  for (const socket of ports.all()) if (socket.family.number === family) yield socket
}

/** A socket that only has a name, or had a connection, is not shown. */
export function* tcpEnds({tcp, timeWaits}: InetStack, family: number): Iterable<TcpSocket | TimeWait> {
  for (const socket of ofFamily(tcp, family)) {
    if (socket instanceof TcpSocket && tcpState(socket) !== TCP_CLOSE) yield socket
  }
  for (const end of timeWaits.all()) if (end.family.number === family) yield end
}

export function* udpSockets(ports: PortTable, family: number): Iterable<UdpSocket> {
  for (const socket of ofFamily(ports, family)) if (socket instanceof UdpSocket) yield socket
}

function tcpLine(socket: TcpSocket | TimeWait, {clock}: InetStack): string {
  if (socket instanceof TimeWait) return timeWaitLine(socket, clock.monotonicNs())
  const state = tcpState(socket)
  const isListener = state === TCP_LISTEN
  const receivable = isListener ? socket.backlog.length : socket.receivableBytes
  const times = isListener ? LISTENER_TIMES : state === TCP_ESTABLISHED ? CONNECTION_TIMES : CONNECTING_TIMES
  return `${common(socket, state, isListener ? 0 : socket.unsentBytes, receivable)} 1 ${identity(socket)} ${times}`
}

/** It has no queues, no user and no inode, but a timer, in clock ticks: get_timewait4_sock in Linux. */
function timeWaitLine(end: TimeWait, nowNs: number): string {
  const ticks = Math.max(0, Math.ceil((end.deadlineNs - nowNs) / TICK_NS))
  const numbers = `${hexadecimal(end.state, 2)} 00000000:00000000 03:${hexadecimal(ticks, 8)} 00000000     0        0 0 3`
  return `${endpointsText(end)} ${numbers} ${identity({inode: undefined})}`
}

function udpLine(socket: UdpSocket): string {
  const state = socket.remote === undefined ? TCP_CLOSE : TCP_ESTABLISHED
  return `${common(socket, state, 0, socket.receivableBytes)} 2 ${identity(socket)} ${socket.lost}`
}

/** From the addresses to the inode. No timer runs, and nothing is sent again. */
function common(socket: InetSocket, state: number, unsent: number, receivable: number): string {
  const {inode} = socket
  const queues = `${hexadecimal(unsent, 8)}:${hexadecimal(receivable, 8)}`
  const uid = String(inode?.attributes().uid ?? 0).padStart(5)
  return `${endpointsText(socket)} ${hexadecimal(state, 2)} ${queues} 00:00000000 00000000 ${uid}        0 ${inodeNumber(socket)}`
}

function endpointsText({local, remote, family: {number}}: InetSocket | TimeWait): string {
  const none: Endpoint = {ip: number === AF_INET ? ANY : ANY6, port: 0}
  return `${endpointText(local, number)} ${endpointText(remote ?? none, number)}`
}

function endpointText({ip, port}: Endpoint, family: number): string {
  return `${addressText(ip, family)}:${hexadecimal(port, 4)}`
}

/** Each 32 bits as a number of a little-endian processor. */
function addressText(ip: IpAddress, family: number): string {
  const bytes = Buffer.from(encodeIp(ip, family))
  let words = ''
  for (let at = 0; at < bytes.length; at += 4) words += hexadecimal(bytes.readUInt32LE(at), 8)
  return words
}
