// NetlinkSocket: asks the kernel, and receives its answers: netlink(7); net/netlink/af_netlink.c.

import {CAP_NET_ADMIN} from '../../../abi/capability.ts'
import {
  EADDRINUSE,
  EAGAIN,
  EBUSY,
  ECONNREFUSED,
  EINVAL,
  EMSGSIZE,
  ENFILE,
  ENOBUFS,
  ENODATA,
  EOPNOTSUPP,
  EPERM,
  Errno,
} from '../../../abi/errno.ts'
import * as abi from '../../../abi/netlink.ts'
import {POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM} from '../../../abi/poll.ts'
import {AF_UNSPEC, MSG_DONTWAIT, MSG_OOB, MSG_TRUNC, SOL_SOCKET} from '../../../abi/socket.ts'
import {COST} from '../../../vfs/budget.ts'
import type {Inode, IoctlMemory} from '../../../vfs/file.ts'
import {WaitQueue} from '../../../vfs/wait-queue.ts'
import {requireCapability} from '../../core/credentials.ts'
import type {Task} from '../../core/task.ts'
import {askInterface} from '../interfaces.ts'
import {type ByteSink, Reading} from '../reading.ts'
import type {Sending} from '../sending.ts'
import type {Socket} from '../socket.ts'
import {SocketOptions} from '../socket-options.ts'
import {decodeAddress, encodeAddress} from './address.ts'
import {AnswerQueue} from './answer-queue.ts'
import {type Dump, pieceBytes} from './dump.ts'
import {copyOf, encodeAck, encodeDone, encodeMessage, type Request, requestsIn} from './message.ts'
import type {NetlinkFamily} from './netlink-family.ts'
import {NetlinkOptions} from './netlink-options.ts'
import type {NetlinkProtocol} from './protocol.ts'

const READABLE = POLLIN | POLLRDNORM
const WRITABLE = POLLOUT | POLLWRNORM
/** What SO_SNDBUF keeps for itself. */
const SEND_OVERHEAD = 32

export class NetlinkSocket implements Socket {
  readonly family: NetlinkFamily
  readonly type: number
  readonly isStream = false
  readonly isListening = false
  readonly options = new SocketOptions()
  readonly own = new NetlinkOptions()
  readonly waiters = new WaitQueue()
  inode: Inode | undefined
  error = 0
  readonly #kernel: NetlinkProtocol
  /** Port id; 0: it is not bound. */
  #port = 0
  /** Groups 1 to 32 of the peer's address. The peer's port id is the kernel's, 0. */
  #peerGroups = 0
  readonly #queue: AnswerQueue
  #dump: Dump | undefined
  /** The largest buffer that a reader had. */
  #readerBytes = 0
  #isClosed = false

  /** @throws Errno ENFILE */
  constructor(family: NetlinkFamily, type: number, kernel: NetlinkProtocol) {
    family.budget.take(COST.socket, ENFILE)
    this.family = family
    this.type = type
    this.#kernel = kernel
    this.#queue = new AnswerQueue(family.budget)
  }

  get protocol(): number {
    return this.#kernel.number
  }

  readiness(): number {
    const ready = this.error === 0 ? WRITABLE : WRITABLE | POLLERR
    return this.#queue.length > 0 ? ready | READABLE : ready
  }

  /** @throws Errno EINVAL, EADDRINUSE */
  bind(task: Task, address: Uint8Array): void {
    const {port, groups} = decodeAddress(address)
    if (this.#port !== 0 && port !== this.#port) throw new Errno(EINVAL)
    if (port === 0) this.#bindAny(task)
    else if (this.#port === 0 && !this.family.claim(this, port)) throw new Errno(EADDRINUSE)
    else this.#port = port
    this.own.joinGroups(groups)
  }

  #bindAny(task: Task): void {
    if (this.#port === 0) this.#port = this.family.claimAny(this, task.process.pid)
  }

  /** @throws Errno EINVAL; ECONNREFUSED: only the kernel can be a peer */
  connect(task: Task, address: Uint8Array): undefined {
    if (address.length >= 2 && (address[0] | (address[1] << 8)) === AF_UNSPEC) {
      this.#peerGroups = 0
      return
    }
    const {port, groups} = decodeAddress(address)
    if (port !== 0) throw new Errno(ECONNREFUSED)
    this.#bindAny(task)
    this.#peerGroups = groups
  }

  listen(): void {
    throw new Errno(EOPNOTSUPP)
  }

  accept(): undefined {
    throw new Errno(EOPNOTSUPP)
  }

  shutDown(): void {
    throw new Errno(EOPNOTSUPP)
  }

  name(): Uint8Array {
    return encodeAddress(this.#port, this.own.groups)
  }

  peerName(): Uint8Array {
    return encodeAddress(0, this.#peerGroups)
  }

  /** @throws Errno ENODATA, ECONNREFUSED: nobody but the kernel answers; EINVAL, EMSGSIZE, EOPNOTSUPP, EFAULT */
  send(sending: Sending): undefined {
    const {task, total, outgoing} = sending
    if (outgoing.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
    if (total === 0) throw new Errno(ENODATA)
    const to =
      outgoing.name === undefined ? {port: 0, groups: this.#peerGroups} : decodeAddress(outgoing.name)
    if (to.groups !== 0) requireCapability(task.credentials, CAP_NET_ADMIN)
    this.#bindAny(task)
    if (total > this.options.sendBuffer - SEND_OVERHEAD) throw new Errno(EMSGSIZE)
    if (to.port !== 0 || to.groups !== 0) throw new Errno(ECONNREFUSED)
    for (const request of requestsIn(sending.copy(0, total))) this.#answer(task, request)
    sending.sent = total
  }

  #answer(task: Task, request: Request): void {
    const code = this.#tryToAnswer(task, request)
    if (code === undefined || (code === 0 && !(request.flags & abi.NLM_F_ACK))) return
    this.#enqueue(encodeAck(request, code, this.own.isOn(abi.NETLINK_CAP_ACK), this.#port))
  }

  /** @returns an errno, 0 for none; undefined: a dump, which has its own end */
  #tryToAnswer(task: Task, request: Request): number | undefined {
    const {type, flags, sequence} = request
    if (!(flags & abi.NLM_F_REQUEST) || type < abi.NLMSG_MIN_TYPE) return 0
    try {
      if (flags & abi.NLM_F_DUMP && this.#kernel.hasDumps(type)) {
        this.#startDump(request)
        return undefined
      }
      const answer = this.#kernel.answer(task, request)
      if (answer !== undefined) this.#enqueue(encodeMessage(answer, 0, sequence, this.#port))
      return 0
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return error.code
    }
  }

  /** @throws Errno EBUSY, ENOBUFS, and what the dump's first message has */
  #startDump(request: Request): void {
    if (this.#dump !== undefined) throw new Errno(EBUSY)
    // The datagram, of which the request may be a small part, is not kept.
    const own = copyOf(request)
    this.family.budget.take(own.bytes.length, ENOBUFS)
    this.#dump = {request: own, position: 0}
    try {
      this.#continueDump()
    } catch (error) {
      this.#endDump()
      throw error
    }
  }

  #endDump(): void {
    if (this.#dump === undefined) return
    this.family.budget.give(this.#dump.request.bytes.length)
    this.#dump = undefined
  }

  /** The next piece. @throws Errno what the dump's first message has */
  #continueDump(): void {
    const dump = this.#dump!
    const {request} = dump
    const most = pieceBytes(this.#readerBytes)
    const messages: Uint8Array[] = []
    let bytes = 0
    for (const answer of this.#kernel.dump(request, dump.position)) {
      const message = encodeMessage(answer, abi.NLM_F_MULTI, request.sequence, this.#port)
      if (bytes > 0 && bytes + message.length > most) {
        this.#enqueue(Buffer.concat(messages))
        return
      }
      messages.push(message)
      bytes += message.length
      dump.position++
    }
    this.#endDump()
    const done = encodeDone(request.sequence, this.#port)
    if (bytes === 0 || bytes + done.length <= most) messages.push(done)
    this.#enqueue(Buffer.concat(messages))
    if (bytes > 0 && bytes + done.length > most) this.#enqueue(done)
  }

  /** What has no room is lost, and the reader hears of it. */
  #enqueue(datagram: Uint8Array): void {
    if (!this.#queue.add(datagram, this.options.receiveBuffer)) {
      if (!this.own.isOn(abi.NETLINK_NO_ENOBUFS)) this.error = ENOBUFS
      this.waiters.wakeAll(POLLERR)
      return
    }
    this.waiters.wakeAll(READABLE)
  }

  receive(reading: Reading): boolean {
    if (reading.flags & MSG_OOB) throw new Errno(EOPNOTSUPP)
    this.#readerBytes = Math.max(this.#readerBytes, reading.size)
    const error = this.takeError()
    if (error !== 0) throw new Errno(error)
    const datagram = this.#queue.first
    if (datagram === undefined) return false
    if (reading.wantsName) reading.name = encodeAddress(0, 0)
    reading.credentials = {pid: 0, uid: 0, gid: 0}
    const count = Math.min(datagram.length, reading.size)
    reading.isTruncated = count < datagram.length
    reading.result = reading.flags & MSG_TRUNC ? datagram.length : count
    try {
      reading.buffer.put(datagram.subarray(0, count), 0)
    } finally {
      if (!reading.peeks) this.#took()
    }
    reading.copied = count
    return true
  }

  /** A dump goes on when its last piece was read. */
  #took(): void {
    this.#queue.remove()
    if (this.#dump === undefined || this.#queue.length > 0) return
    try {
      this.#continueDump()
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      this.#endDump()
      this.error = error.code
    }
  }

  setOption(_task: Task, level: number, option: number, value: Uint8Array): boolean {
    if (level === SOL_SOCKET) return false
    this.own.set(level, option, value)
    return true
  }

  getOption(_task: Task, level: number, option: number): Uint8Array | undefined {
    return level === SOL_SOCKET ? undefined : this.own.get(level, option)
  }

  ioctl(request: number, argument: number, memory: IoctlMemory): number {
    return askInterface(request, argument, memory)
  }

  read(target: Uint8Array, flags: number): number {
    const buffer: ByteSink = {put: (bytes, at) => target.set(bytes, at)}
    const reading = new Reading(buffer, target.length, flags | MSG_DONTWAIT)
    if (!this.receive(reading)) throw new Errno(EAGAIN)
    return reading.result
  }

  /** A request has an author, whom a transfer inside the sentry lacks. @throws Errno EPERM */
  write(): number {
    throw new Errno(EPERM)
  }

  takeError(): number {
    const {error} = this
    this.error = 0
    return error
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#port !== 0) this.family.release(this, this.#port)
    this.#endDump()
    while (this.#queue.length > 0) this.#queue.remove()
    this.waiters.wakeAll()
    this.family.budget.give(COST.socket)
  }
}
