// TCP and UDP sockets of one family for sock_diag(7): net/ipv4/inet_diag.c.

import {EINVAL, ENOENT, Errno} from '../../../abi/errno.ts'
import {IPPROTO_TCP, IPPROTO_UDP, TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN} from '../../../abi/inet.ts'
import * as abi from '../../../abi/netlink.ts'
import {AF_INET6} from '../../../abi/socket.ts'
import {viewOf} from '../../../abi/view.ts'
import {encodeIp} from '../inet/address.ts'
import type {InetSocket} from '../inet/inet-socket.ts'
import type {InetStack} from '../inet/inet-stack.ts'
import {tcpState} from '../inet/tcp/state.ts'
import {TcpSocket} from '../inet/tcp/tcp-socket.ts'
import {TimeWait} from '../inet/tcp/time-wait.ts'
import {tcpEnds, udpSockets} from '../proc/inet-tables.ts'
import {type Answer, Attributes, attributeIn, type Request} from './message.ts'
import {MAX_FILTER_BYTES, passes} from './socket-filter.ts'

const ID = abi.INET_DIAG_ID
const ADDRESS_BYTES = 16
/** idiag_timer of TIME_WAIT. */
const TIME_WAIT_TIMER = 3
const NS_PER_MS = 1e6

type End = InetSocket | TimeWait

/** Sockets in the states and through the filter that the request names. @throws Errno ENOENT, EINVAL */
export function* dumpInetSockets(stack: InetStack, request: Request, start: number): Iterable<Answer> {
  const {body} = request
  const sockets = socketsFor(stack, body)
  const states = viewOf(body).getUint32(4, true)
  const filter = attributeIn(body, abi.INET_DIAG_REQ_BYTES, abi.INET_DIAG_REQ_BYTECODE)
  if (filter !== undefined && filter.length > MAX_FILTER_BYTES) throw new Errno(EINVAL)
  const [sourcePort, destinationPort] = [portAt(body, ID.offset), portAt(body, ID.offset + 2)]
  let index = 0
  for (const socket of sockets) {
    const {local, remote} = socket
    if (!(states & (1 << stateOf(socket)))) continue
    if (sourcePort !== 0 && sourcePort !== local.port) continue
    if (destinationPort !== 0 && destinationPort !== (remote?.port ?? 0)) continue
    if (filter !== undefined && !passes(filter, socket)) continue
    if (index++ >= start) yield describe(socket, stack)
  }
}

/** The one with these endpoints, or the listener there. @throws Errno ENOENT, EINVAL */
export function findInetSocket(stack: InetStack, {body}: Request): Answer {
  const sockets = socketsFor(stack, body)
  const wanted = body.subarray(ID.offset, ID.offset + ID.interface)
  const port = portAt(wanted, 0)
  for (const socket of sockets) {
    if (socket.local.port !== port) continue
    if (Buffer.compare(idOf(socket).subarray(0, ID.interface), wanted) === 0) return describe(socket, stack)
  }
  throw new Errno(ENOENT)
}

/** Of one family and protocol. @throws Errno EINVAL; ENOENT: a protocol that has no sockets here */
function socketsFor(stack: InetStack, body: Uint8Array): Iterable<End> {
  const family = body[0]
  // A protocol above 255, as MPTCP's, has an attribute of its own.
  const large = attributeIn(body, abi.INET_DIAG_REQ_BYTES, abi.INET_DIAG_REQ_PROTOCOL)
  const protocol = large?.length === 4 ? viewOf(large).getUint32(0, true) : body[1]
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) throw new Errno(ENOENT)
  if (body.length < abi.INET_DIAG_REQ_BYTES) throw new Errno(EINVAL)
  return protocol === IPPROTO_TCP ? tcpEnds(stack, family) : udpSockets(stack.udp, family)
}

const portAt = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]

function stateOf(socket: End): number {
  if (socket instanceof TimeWait) return socket.state
  if (socket instanceof TcpSocket) return tcpState(socket)
  return socket.remote === undefined ? TCP_CLOSE : TCP_ESTABLISHED
}

/** struct inet_diag_msg, and what belongs to it. */
function describe(socket: End, {clock}: InetStack): Answer {
  const {bytes, timer, id, expires, receiveQueue, sendQueue, uid, inode} = abi.INET_DIAG_MSG
  const header = new Uint8Array(bytes)
  const view = viewOf(header)
  const state = stateOf(socket)
  const isListener = socket instanceof TcpSocket && socket.isListening
  header.set([socket.family.number, state])
  header.set(idOf(socket), id)
  if (socket instanceof TimeWait) {
    header[timer] = TIME_WAIT_TIMER
    view.setUint32(expires, Math.max(0, (socket.deadlineNs - clock.monotonicNs()) / NS_PER_MS), true)
    return {type: abi.SOCK_DIAG_BY_FAMILY, body: header}
  }
  view.setUint32(receiveQueue, isListener ? socket.backlog.length : socket.receivableBytes, true)
  view.setUint32(sendQueue, isListener ? socket.maxBacklog : socket.unsentBytes, true)
  view.setUint32(uid, socket.inode?.attributes().uid ?? 0, true)
  view.setUint32(inode, socket.inode?.attributes().ino ?? 0, true)
  const attributes = new Attributes(header).putUint8(abi.INET_DIAG_SHUTDOWN, socket.shutdown)
  if (socket.family.number === AF_INET6 && (state === TCP_LISTEN || state === TCP_CLOSE))
    attributes.putUint8(abi.INET_DIAG_SKV6ONLY, Number(socket.isIPv6Only))
  return {type: abi.SOCK_DIAG_BY_FAMILY, body: attributes.bytes()}
}

/** struct inet_diag_sockid, in the order of the network. The cookie is the inode number. */
function idOf(socket: End): Uint8Array {
  const {local, remote, family} = socket
  const inode = socket instanceof TimeWait ? undefined : socket.inode
  const bytes = new Uint8Array(ID.cookie + 8)
  const to = remote ?? {ip: 0, port: 0}
  bytes.set([local.port >> 8, local.port & 0xff, to.port >> 8, to.port & 0xff])
  bytes.set(encodeIp(local.ip, family.number), ID.source)
  if (remote !== undefined) bytes.set(encodeIp(remote.ip, family.number), ID.source + ADDRESS_BYTES)
  viewOf(bytes).setUint32(ID.cookie, inode?.attributes().ino ?? 0, true)
  return bytes
}
