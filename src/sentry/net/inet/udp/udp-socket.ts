// UdpSocket: sends and receives datagrams inside the sandbox: udp(7). What has no room at its receiver is lost, as on a network.

import {EAFNOSUPPORT, EAGAIN, EINVAL, ENOTCONN, EOPNOTSUPP, Errno} from '../../../../abi/errno.ts'
import {IP_MULTICAST_ALL, IPPROTO_UDP, SOL_IP, SOL_UDP, UDP_CORK} from '../../../../abi/inet.ts'
import {FIONREAD, TIOCOUTQ} from '../../../../abi/ioctl.ts'
import {POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM} from '../../../../abi/poll.ts'
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_DGRAM,
} from '../../../../abi/socket.ts'
import type {IoctlMemory} from '../../../../vfs/file.ts'
import {writeInt} from '../../../../vfs/int-argument.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import type {Task} from '../../../core/task.ts'
import {type ByteSink, Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import {decodeEndpoint, type Endpoint, encodeEndpoint, familyOf, isIPv4} from '../address.ts'
import {InetSocket} from '../inet-socket.ts'
import type {InternetProtocol} from '../inet-stack.ts'
import {Memberships} from '../memberships.ts'
import {refuseOutside} from '../outside.ts'
import {ReceiveControl, realTime} from './control.ts'
import type {Datagram} from './datagram.ts'
import {DatagramDefaults} from './defaults.ts'
import {deliver} from './deliver.ts'
import {queuesErrors, receiveError} from './errors.ts'
import {routeTo, sendDatagram, writeDatagram} from './send.ts'

const READABLE = POLLIN | POLLRDNORM

export class UdpSocket extends InetSocket {
  readonly type = SOCK_DGRAM
  readonly protocol = IPPROTO_UDP
  readonly isStream = false
  readonly isListening = false
  override readonly groups: Memberships = new Memberships(this.stack.groups)
  readonly defaults: DatagramDefaults = new DatagramDefaults(this.kept)
  /** Its datagrams that no socket took: MSG_ERRQUEUE. */
  readonly errors: Datagram[] = []
  /** The datagram whose parts are being collected: MSG_MORE, UDP_CORK. Its bytes are paid for. */
  corked: Datagram | undefined
  /** How many datagrams had no room here: SO_RXQ_OVFL. */
  lost = 0
  readonly #control = new ReceiveControl()
  readonly #queue: Datagram[] = []
  /** See `foundOrder`. */
  #found: {remote: Endpoint; order: number} | undefined
  /** What the queues cost: about SO_RCVBUF at most. */
  #queuedCost = 0

  constructor(protocol: InternetProtocol) {
    super(protocol)
    // An IPv6 socket receives no group of IPv4 that it has not joined.
    if (protocol.number === AF_INET6) this.kept.set(SOL_IP, IP_MULTICAST_ALL, 0)
  }

  get ports() {
    return this.stack.udp
  }

  get receivableBytes(): number {
    return this.#queue[0]?.bytes.length ?? 0
  }

  protected get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  get unsentBytes(): number {
    return 0
  }

  /** datagram_poll, udp_poll in Linux. */
  readiness(): number {
    let ready = POLLOUT | POLLWRNORM
    if (this.error !== 0 || this.errors.length > 0) ready |= POLLERR
    if (this.shutdown & RCV_SHUTDOWN) ready |= READABLE | POLLRDHUP
    if (this.shutdown === SHUTDOWN_MASK) ready |= POLLHUP
    if (this.#queue.length > 0) ready |= READABLE
    return ready
  }

  /**
   * Linux finds a socket first by both of its ends, and the youngest of several. But it is found so where its first connection leads: later ones
   * count again when its own address has changed (udp_lib_hash4, udp_lib_rehash). 0: it is not found so from that port.
   */
  foundOrder(fromPort: number): number {
    const {remote} = this
    const found = this.#found
    if (remote?.port !== fromPort || found?.remote.ip !== remote.ip) return 0
    return found.remote.port === fromPort ? found.order : 0
  }

  /** From then on it receives from that endpoint alone. AF_UNSPEC ends that. */
  connect(task: Task, address: Uint8Array, _mayWait = false): readonly WaitQueue[] | undefined {
    if (address.length < 2) throw new Errno(EINVAL)
    if (familyOf(address) === AF_UNSPEC) {
      this.forgetPeer()
      this.boundInterface = 0
      return undefined
    }
    if (this.local.port === 0) this.#found = undefined
    this.bindAny(task)
    const to = routeTo(this, task, decodeEndpoint(address, this.#familyFor(address)))
    const {ip} = this.local
    this.chooseLocal(task, to.ip)
    if (this.local.ip !== ip) {
      this.ports.renew(this)
      this.#found = undefined
    }
    this.remote = to
    this.#found ??= {remote: to, order: ++this.ports.connections}
    if (this.corked !== undefined && isIPv4(to.ip) && isIPv4(this.corked.to.ip))
      this.corked = this.corked.readdressed(this.local, to)
    return undefined
  }

  /** Where a datagram for an address outside of the sandbox goes. @throws Errno EACCES */
  routeOutside(task: Task, _to: Endpoint): Endpoint {
    return refuseOutside(task)
  }

  /** @returns false: it stays inside @throws Errno EAGAIN, ENFILE, ENETDOWN */
  sendsOutside(_datagram: Datagram): boolean {
    return false
  }

  /** Sends it from where its bytes lie. @param datagram without them @returns false: they have to be copied @throws Errno EFAULT */
  sendsInPlace(_datagram: Datagram, _sending: Sending): boolean {
    return false
  }

  /** An IPv6 socket takes an IPv4 address, too. @throws Errno EAFNOSUPPORT */
  #familyFor(address: Uint8Array): number {
    if (familyOf(address) !== AF_INET) return this.family.number
    if (this.isIPv6Only) throw new Errno(EAFNOSUPPORT)
    return AF_INET
  }

  /** Who is connected to no port has no name. */
  override peerName(): Uint8Array | undefined {
    return this.remote?.port === 0 ? undefined : super.peerName()
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

  send(sending: Sending): readonly WaitQueue[] | undefined {
    sendDatagram(this, sending)
    return undefined
  }

  write(source: Uint8Array): number {
    writeDatagram(this, source)
    return source.length
  }

  /** Sends the parts that wait as one datagram. @throws Errno EINVAL */
  pushCorked(): void {
    const datagram = this.corked
    this.dropCorked()
    if (datagram !== undefined) deliver(this, datagram)
  }

  dropCorked(): void {
    if (this.corked !== undefined) this.budget.give(this.corked.bytes.length)
    this.corked = undefined
  }

  /** A datagram comes, or is lost. */
  enqueue(datagram: Datagram): void {
    const counters = this.stack.counters.udp(datagram.to.ip)
    if (!this.charge(datagram)) {
      this.lost++
      counters.RcvbufErrors++
      return
    }
    counters.InDatagrams++
    datagram.lostBefore = this.lost
    if (this.#control.wantsTime) datagram.arrival = realTime(this.stack.clock)
    this.#queue.push(datagram)
    this.waiters.wakeAll(READABLE)
  }

  /** Linux takes one more than SO_RCVBUF has room for. */
  get isFull(): boolean {
    return this.#queuedCost > this.options.receiveBuffer
  }

  /** @returns whether there is room */
  charge({cost}: Datagram): boolean {
    if (this.isFull || !this.budget.hasRoom(cost)) return false
    this.budget.note(cost)
    this.#queuedCost += cost
    return true
  }

  release({cost}: Datagram): void {
    this.#queuedCost -= cost
    this.budget.give(cost)
  }

  /** An error that the next call reports. */
  fail(error: number): void {
    this.error = error
    this.waiters.wakeAll(POLLERR)
  }

  receive(reading: Reading): boolean {
    if (reading.flags & MSG_ERRQUEUE) return receiveError(this, reading)
    this.throwError()
    const datagram = this.#queue[0]
    if (datagram === undefined) return (this.shutdown & RCV_SHUTDOWN) !== 0 && !(reading.flags & MSG_DONTWAIT)
    try {
      reading.take(datagram.bytes)
    } finally {
      if (!reading.peeks) {
        this.#dequeue()
        this.noteReceived(datagram.bytes.length)
      }
    }
    this.describe(datagram, reading)
    return true
  }

  /** What comes with a datagram's bytes. */
  protected describe(datagram: Datagram, reading: Reading): void {
    if (reading.wantsName) reading.name = encodeEndpoint(datagram.from, this.family.number)
    const control = this.#control.messagesFor(datagram, this.stack.clock)
    if (control !== undefined) reading.control = control
  }

  #dequeue(): void {
    const datagram = this.#queue.shift()
    if (datagram !== undefined) this.release(datagram)
  }

  read(target: Uint8Array, flags: number): number {
    const buffer: ByteSink = {
      put: (bytes, at) => target.set(bytes, at),
      pieces: (most) => [target.subarray(0, most)],
    }
    const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
    if (!this.receive(reading)) throw new Errno(EAGAIN)
    return reading.result
  }

  override setOption(task: Task, level: number, option: number, value: Uint8Array): boolean {
    const isDone = super.setOption(task, level, option, value)
    if (!isDone) return false
    this.defaults.update(this.kept)
    this.#control.update(this.kept, this.timestampOption, this.tellsLost)
    if (this.errors.length > 0) this.#dropUnwantedErrors()
    if (level === SOL_UDP && option === UDP_CORK && !this.defaults.isCorking) this.pushCorked()
    return true
  }

  /** Without IP_RECVERR they are gone. */
  #dropUnwantedErrors(): void {
    if (queuesErrors(this, AF_INET) || queuesErrors(this, AF_INET6)) return
    for (const datagram of this.errors.splice(0)) this.release(datagram)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request === FIONREAD) return writeInt(memory, argument, this.receivableBytes)
    if (request === TIOCOUTQ) return writeInt(memory, argument, 0)
    return super.ioctl(request, argument, memory)
  }

  close(): void {
    if (!this.end()) return
    this.shutdown = SHUTDOWN_MASK
    this.dropCorked()
    this.groups.leaveAll()
    while (this.#queue.length > 0) this.#dequeue()
    for (const datagram of this.errors.splice(0)) this.release(datagram)
    this.waiters.wakeAll()
  }
}
