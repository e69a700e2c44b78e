// UdpSocket: sends and receives datagrams inside the sandbox: udp(7). What has no room at its receiver is lost, as on a network.

import {
  EACCES,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  Errno,
} from '../../../abi/errno.ts'
import {IPPROTO_UDP, UDP_MAX_BYTES} from '../../../abi/inet.ts'
import {FIONREAD, TIOCOUTQ} from '../../../abi/ioctl.ts'
import {POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM} from '../../../abi/poll.ts'
import {
  AF_INET,
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_OOB,
  MSG_TRUNC,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SO_BROADCAST,
  SOCK_DGRAM,
} from '../../../abi/socket.ts'
import {COST} from '../../../vfs/budget.ts'
import type {IoctlMemory} from '../../../vfs/file.ts'
import {writeInt} from '../../../vfs/int-argument.ts'
import type {Task} from '../../core/task.ts'
import {type ByteSink, Reading} from '../reading.ts'
import type {Sending} from '../sending.ts'
import {
  decodeEndpoint,
  type Endpoint,
  encodeEndpoint,
  familyOf,
  isAny,
  isBroadcast,
  isIPv4,
  isLoopback,
  isMulticast,
  LOOPBACK,
  LOOPBACK6,
} from './address.ts'
import {InetSocket} from './inet-socket.ts'
import {covers} from './port-table.ts'

const READABLE = POLLIN | POLLRDNORM

interface Datagram {
  readonly bytes: Uint8Array
  readonly from: Endpoint
  readonly to: Endpoint
}

const costOf = ({bytes}: Datagram): number => COST.socketMessage + bytes.length

export class UdpSocket extends InetSocket {
  readonly type = SOCK_DGRAM
  readonly protocol = IPPROTO_UDP
  readonly isStream = false
  readonly isListening = false
  readonly #queue: Datagram[] = []
  /** What the queue costs: no more than SO_RCVBUF. */
  #queuedCost = 0
  /** Parts of the next datagram: MSG_MORE. */
  #corked: {readonly to: Endpoint; readonly parts: Uint8Array[]; bytes: number} | undefined

  get ports() {
    return this.stack.udp
  }

  get receivableBytes(): number {
    return this.#queue[0]?.bytes.length ?? 0
  }

  get unsentBytes(): number {
    return 0
  }

  /** datagram_poll, udp_poll in Linux. */
  readiness(): number {
    let ready = POLLOUT | POLLWRNORM
    if (this.error !== 0) ready |= POLLERR
    if (this.shutdown & RCV_SHUTDOWN) ready |= READABLE | POLLRDHUP
    if (this.shutdown === SHUTDOWN_MASK) ready |= POLLHUP
    if (this.#queue.length > 0) ready |= READABLE
    return ready
  }

  /** From then on it receives from that endpoint alone. AF_UNSPEC ends that. */
  connect(task: Task, address: Uint8Array): undefined {
    if (familyOf(address) === AF_UNSPEC) {
      this.forgetPeer()
      return
    }
    const to = this.#route(task, this.#destination(address))
    this.chooseLocal(task, to.ip)
    this.remote = to
  }

  listen(): void {
    throw new Errno(EOPNOTSUPP)
  }

  accept(): undefined {
    throw new Errno(EOPNOTSUPP)
  }

  /** @throws Errno ENOTCONN, although it has its effect */
  shutDown(how: number): void {
    this.shutdown |= how
    this.waiters.wakeAll()
    if (this.remote === undefined) throw new Errno(ENOTCONN)
  }

  send(sending: Sending): undefined {
    const {task, total, outgoing} = sending
    if (outgoing.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
    if (total > 0xffff) throw new Errno(EMSGSIZE)
    const to = this.#corked?.to ?? this.#receiver(task, outgoing.name)
    if (this.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
    this.throwError()
    this.#checkSize(total)
    this.bindAny(task)
    this.#add(to, sending.copy(0, total), (outgoing.flags & MSG_MORE) !== 0)
    sending.sent = total
  }

  /** @throws Errno EMSGSIZE */
  #checkSize(bytes: number): void {
    if ((this.#corked?.bytes ?? 0) + bytes > UDP_MAX_BYTES) throw new Errno(EMSGSIZE)
  }

  #add(to: Endpoint, bytes: Uint8Array, isMore: boolean): void {
    this.#corked ??= {to, parts: [], bytes: 0}
    this.#corked.parts.push(bytes)
    this.#corked.bytes += bytes.length
    if (!isMore) this.pushCorked()
  }

  /** Sends the parts that wait as one datagram. */
  pushCorked(): void {
    if (this.#corked === undefined) return
    const {to, parts} = this.#corked
    this.#corked = undefined
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts)
    this.#deliver({bytes, to, from: this.#sourceFor(to)})
  }

  #sourceFor({ip}: Endpoint): Endpoint {
    const {local} = this
    return isAny(local.ip) || !isLoopback(local.ip)
      ? {ip: isIPv4(ip) ? LOOPBACK : LOOPBACK6, port: local.port}
      : local
  }

  /** @throws Errno EDESTADDRREQ, and what a route has */
  #receiver(task: Task, name: Uint8Array | undefined): Endpoint {
    if (name !== undefined && familyOf(name) !== AF_UNSPEC) return this.#route(task, this.#destination(name))
    if (this.remote === undefined) throw new Errno(EDESTADDRREQ)
    return this.remote
  }

  /** An IPv6 socket takes an IPv4 address, too. @throws Errno EINVAL, EAFNOSUPPORT, ENETUNREACH */
  #destination(address: Uint8Array): Endpoint {
    const {number} = this.family
    const endpoint = decodeEndpoint(address, familyOf(address) === AF_INET ? AF_INET : number)
    if (isIPv4(endpoint.ip) && this.isIPv6Only) throw new Errno(ENETUNREACH)
    if (!isIPv4(endpoint.ip) && isIPv4(this.local.ip) && number !== AF_INET) throw new Errno(ENETUNREACH)
    return endpoint
  }

  /** The unspecified address means this machine. @throws Errno EACCES, ENETUNREACH */
  #route(task: Task, {ip, port}: Endpoint): Endpoint {
    if (isAny(ip)) return {ip: isIPv4(ip) ? LOOPBACK : LOOPBACK6, port}
    if (isBroadcast(ip) && !this.options.isOn(SO_BROADCAST)) throw new Errno(EACCES)
    if (isLoopback(ip) || isMulticast(ip)) return {ip, port}
    task.process.run.counters.countRefused(task.context.callNumber)
    throw new Errno(isBroadcast(ip) ? ENETUNREACH : EACCES)
  }

  #deliver(datagram: Datagram): void {
    const {ip} = datagram.to
    if (isBroadcast(ip) || isMulticast(ip)) {
      for (const socket of this.ports.at(datagram.to.port)) {
        if (socket instanceof UdpSocket && socket.#isFor(datagram)) socket.#enqueue(datagram)
      }
      return
    }
    const receiver = this.#find(datagram)
    if (receiver !== undefined) receiver.#enqueue(datagram)
    // An ICMP message that the port is unreachable comes back: only a connected socket hears of it.
    else if (this.remote !== undefined) this.#unreachable()
  }

  #unreachable(): void {
    this.error = ECONNREFUSED
    this.waiters.wakeAll(POLLERR)
  }

  /** The one that is bound and connected most narrowly; the youngest of several. udp4_lib_lookup2 in Linux. */
  #find(datagram: Datagram): UdpSocket | undefined {
    let best: UdpSocket[] = []
    for (const socket of this.ports.at(datagram.to.port)) {
      if (!(socket instanceof UdpSocket) || !socket.#isFor(datagram)) continue
      const narrower = best.length === 0 ? 0 : socket.#narrowness - best[0].#narrowness
      if (narrower < 0) continue
      best =
        narrower === 0 && best.length > 0 && socket.reusesPort && best[0].reusesPort
          ? [...best, socket]
          : [socket]
    }
    return best.length <= 1 ? best[0] : best[(Math.imul(datagram.from.port, 0x9e37_79b1) >>> 8) % best.length]
  }

  get #narrowness(): number {
    const {local, remote, family} = this
    return (remote === undefined ? 0 : 4) + (isAny(local.ip) ? 0 : 2) + (family.number === AF_INET ? 1 : 0)
  }

  #isFor({from, to}: Datagram): boolean {
    const {remote} = this
    if (remote !== undefined && (remote.port !== from.port || remote.ip !== from.ip)) return false
    return covers(this.local.ip, this.isIPv6Only, to.ip)
  }

  #enqueue(datagram: Datagram): void {
    const cost = costOf(datagram)
    if (this.#queuedCost > 0 && this.#queuedCost + cost > this.options.receiveBuffer) return
    if (this.shutdown & RCV_SHUTDOWN || !this.budget.hasRoom(cost)) return
    this.budget.note(cost)
    this.#queuedCost += cost
    this.#queue.push(datagram)
    this.waiters.wakeAll(READABLE)
  }

  #dequeue(): void {
    const datagram = this.#queue.shift()
    if (datagram === undefined) return
    this.#queuedCost -= costOf(datagram)
    this.budget.give(costOf(datagram))
  }

  receive(reading: Reading): boolean {
    if (reading.flags & MSG_ERRQUEUE) throw new Errno(EAGAIN)
    if (reading.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
    this.throwError()
    const datagram = this.#queue[0]
    if (datagram === undefined) return (this.shutdown & RCV_SHUTDOWN) !== 0
    const {bytes, from} = datagram
    if (reading.wantsName) reading.name = encodeEndpoint(from, this.family.number)
    const count = Math.min(bytes.length, reading.size)
    reading.isTruncated = count < bytes.length
    reading.result = reading.flags & MSG_TRUNC ? bytes.length : count
    try {
      reading.buffer.put(bytes.subarray(0, count), 0)
    } finally {
      if (!reading.peeks) this.#dequeue()
    }
    reading.copied = count
    return true
  }

  read(target: Uint8Array, flags: number): number {
    const buffer: ByteSink = {put: (bytes, at) => target.set(bytes, at)}
    const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
    if (!this.receive(reading)) throw new Errno(EAGAIN)
    return reading.result
  }

  /** @throws Errno EDESTADDRREQ, EPIPE, EMSGSIZE, the pending error */
  write(source: Uint8Array): number {
    if (this.remote === undefined) throw new Errno(EDESTADDRREQ)
    if (this.shutdown & SEND_SHUTDOWN) throw new Errno(EPIPE)
    this.throwError()
    this.#checkSize(source.length)
    this.#add(this.remote, source.slice(), false)
    return source.length
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request === FIONREAD) return writeInt(memory, argument, this.receivableBytes)
    if (request === TIOCOUTQ) return writeInt(memory, argument, 0)
    return super.ioctl(request, argument, memory)
  }

  close(): void {
    if (!this.end()) return
    this.shutdown = SHUTDOWN_MASK
    while (this.#queue.length > 0) this.#dequeue()
    this.waiters.wakeAll()
  }
}
