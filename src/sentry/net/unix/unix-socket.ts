// UnixSocket: one end of a connection, or a receiver of datagrams: unix(7). Its calls are in bind.ts, connect.ts, send.ts, receive.ts.

import {ECONNRESET, EINVAL, ENFILE, Errno} from '../../../abi/errno.ts'
import {FIONREAD, TIOCOUTQ} from '../../../abi/ioctl.ts'
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../../abi/poll.ts'
import {RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, SOCK_DGRAM, SOCK_STREAM} from '../../../abi/socket.ts'
import {type Budget, COST} from '../../../vfs/budget.ts'
import type {Inode, IoctlMemory} from '../../../vfs/file.ts'
import {writeInt} from '../../../vfs/int-argument.ts'
import {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Task} from '../../core/task.ts'
import type {RightsHolder} from '../in-flight.ts'
import {askInterface} from '../interfaces.ts'
import type {Reading} from '../reading.ts'
import type {Sending} from '../sending.ts'
import type {PeerCredentials, Socket} from '../socket.ts'
import {callerCredentials} from '../socket-argument.ts'
import {SocketOptions} from '../socket-options.ts'
import {encodeAddress, type UnixAddress} from './address.ts'
import {bindSocket} from './bind.ts'
import {connectSocket, listen, takeConnection} from './connect.ts'
import {readSocket, receive} from './receive.ts'
import {checkSender, type Message, send, writeSocket} from './send.ts'
import type {UnixFamily} from './unix-family.ts'

/** /proc/sys/net/unix/max_dgram_qlen. */
const MAX_DATAGRAMS = 10

const READABLE = POLLIN | POLLRDNORM
const WRITABLE = POLLOUT | POLLWRNORM | POLLWRBAND

export class UnixSocket implements Socket {
  readonly type: number
  readonly protocol = 0
  readonly family: UnixFamily
  readonly budget: Budget
  readonly options = new SocketOptions()
  readonly waiters = new WaitQueue()
  #inode: Inode | undefined
  /** Waiters for room here: senders of datagrams, and connectors. */
  readonly room = new WaitQueue()
  state: 'closed' | 'listening' | 'connected' = 'closed'
  isDead = false
  /** RCV_SHUTDOWN, SEND_SHUTDOWN. */
  shutdown = 0
  error = 0
  peer: UnixSocket | undefined
  address: UnixAddress | undefined
  /** The inode made by bind(2). */
  boundInode: Inode | undefined
  peerCredentials: PeerCredentials | undefined
  readonly queue: Message[] = []
  /** Connections that are not yet accepted. */
  readonly backlog: UnixSocket[] = []
  /** The listener whose backlog this is in. */
  listener: UnixSocket | undefined
  /** The queue is full when it exceeds this: datagrams, or connections. */
  maxQueued = MAX_DATAGRAMS
  /** Cost of messages sent from here that are not yet received. */
  sentCost = 0
  /** Datagram sockets whose peer this is. */
  readonly #feeders = new Set<UnixSocket>()

  /** @throws Errno ENFILE */
  constructor(type: number, family: UnixFamily) {
    family.budget.take(COST.socket, ENFILE)
    this.type = type
    this.family = family
    this.budget = family.budget
    family.sockets.add(this)
  }

  get inode(): Inode | undefined {
    return this.#inode
  }

  set inode(inode: Inode | undefined) {
    this.#inode = inode
    if (inode !== undefined) this.family.byIno.set(inode.attributes().ino, this)
  }

  get isStream(): boolean {
    return this.type === SOCK_STREAM
  }

  get isConnectionBased(): boolean {
    return this.type !== SOCK_DGRAM
  }

  get isListening(): boolean {
    return this.state === 'listening'
  }

  get rightsHolder(): RightsHolder {
    return this
  }

  get isFull(): boolean {
    const {length} = this.isListening ? this.backlog : this.queue
    return length > this.maxQueued
  }

  /** SIOCINQ: all that waits; for datagrams, only the first. */
  get receivableBytes(): number {
    if (!this.isConnectionBased) return this.queue[0]?.left ?? 0
    return this.queue.reduce((sum, {left}) => sum + left, 0)
  }

  /** net/unix/af_unix.c, unix_poll and unix_dgram_poll. */
  readiness(): number {
    let ready = this.error !== 0 ? POLLERR : 0
    if (this.shutdown === SHUTDOWN_MASK) ready |= POLLHUP
    if (this.shutdown & RCV_SHUTDOWN) ready |= POLLRDHUP | READABLE
    if (this.queue.length > 0 || this.backlog.length > 0) ready |= READABLE
    if (this.isConnectionBased && this.state === 'closed') ready |= POLLHUP
    if (this.isWritable && !this.isBlockedByPeer) ready |= WRITABLE
    return ready
  }

  get isWritable(): boolean {
    return !this.isListening && this.sentCost * 4 <= this.options.sendBuffer
  }

  /** The receiver of its datagrams is full. A receiver that is connected back sets no limit. */
  get isBlockedByPeer(): boolean {
    const {peer} = this
    return !this.isStream && peer !== undefined && peer !== this && peer.peer !== this && peer.isFull
  }

  takeError(): number {
    const {error} = this
    this.error = 0
    return error
  }

  /** @throws Errno the pending error */
  throwError(): void {
    const error = this.takeError()
    if (error !== 0) throw new Errno(error)
  }

  /** May change for a datagram socket; for any other it is for good. */
  setPeer(peer: UnixSocket | undefined): void {
    const before = this.peer
    if (before !== undefined) before.#feeders.delete(this)
    this.peer = peer
    if (peer !== undefined && !this.isConnectionBased) peer.#feeders.add(this)
  }

  /** A message arrives. Preconditions: it is not full, or that does not matter; the message is paid for: send.ts, `post`. */
  enqueue(message: Message): void {
    message.sender.sentCost += message.cost
    this.queue.push(message)
    this.waiters.wakeAll(READABLE)
  }

  /** Removes the first message, received or discarded, without its rights: the caller releases those. */
  dequeue(): void {
    const wasFull = this.isFull
    const message = this.queue.shift()
    if (message === undefined) return
    const {sender, cost} = message
    this.budget.give(cost)
    const wasWritable = sender.isWritable
    sender.sentCost -= cost
    if (!wasWritable && sender.isWritable) sender.waiters.wakeAll(WRITABLE)
    if (wasFull) this.#madeRoom()
  }

  #madeRoom(): void {
    this.room.wakeAll(WRITABLE)
    for (const feeder of [...this.#feeders]) feeder.waiters.wakeAll(WRITABLE)
  }

  bind(task: Task, address: Uint8Array, mode: number): void {
    bindSocket(task, this, address, mode)
  }

  connect(task: Task, address: Uint8Array): readonly WaitQueue[] | undefined {
    const room = connectSocket(task, this, address)
    return room && [room]
  }

  listen(task: Task, backlog: number): void {
    listen(this, backlog, callerCredentials(task))
  }

  accept(mayWait: boolean): UnixSocket | undefined {
    return takeConnection(this, mayWait)
  }

  name(): Uint8Array {
    return encodeAddress(this.address)
  }

  peerName(): Uint8Array | undefined {
    return this.peer && encodeAddress(this.peer.address)
  }

  checkSender(): void {
    checkSender(this)
  }

  send(sending: Sending): readonly WaitQueue[] | undefined {
    return send(this, sending)
  }

  receive(reading: Reading): boolean {
    return receive(this, reading)
  }

  read(target: Uint8Array, flags: number): number {
    return readSocket(this, target, flags)
  }

  write(source: Uint8Array): number {
    return writeSocket(this, source)
  }

  ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request === TIOCOUTQ) return writeInt(memory, argument, this.sentCost)
    if (request !== FIONREAD) return askInterface(request, argument, memory)
    if (this.isListening) throw new Errno(EINVAL)
    return writeInt(memory, argument, this.receivableBytes)
  }

  shutDown(how: number): void {
    this.shutdown |= how
    const {peer} = this
    if (this.isConnectionBased && peer !== undefined) {
      peer.shutdown |= (how & RCV_SHUTDOWN ? SEND_SHUTDOWN : 0) | (how & SEND_SHUTDOWN ? RCV_SHUTDOWN : 0)
      peer.waiters.wakeAll()
    }
    this.waiters.wakeAll()
    this.room.wakeAll()
  }

  /** Discards its messages, and those of connections that wait here. */
  purge(): void {
    for (const connection of this.backlog) connection.purge()
    while (this.queue.length > 0) {
      const {rights} = this.queue[0]
      this.dequeue()
      rights?.release()
    }
  }

  /** Never throws. */
  close(): void {
    if (this.isDead) return
    this.isDead = true
    this.family.names.forget(this)
    this.family.sockets.delete(this)
    if (this.#inode !== undefined) this.family.byIno.delete(this.#inode.attributes().ino)
    const {peer} = this
    const isReset = this.#hasUnread || this.listener !== undefined
    this.setPeer(undefined)
    this.state = 'closed'
    this.shutdown = SHUTDOWN_MASK
    this.listener = undefined
    if (this.isConnectionBased && peer !== undefined) peer.#lostPeer(isReset)
    for (const connection of this.backlog.splice(0)) connection.close()
    this.purge()
    this.waiters.wakeAll()
    this.#madeRoom()
    this.budget.give(COST.socket)
    this.family.inFlight.closed()
  }

  /** Not by one empty record alone: unix_release_sock in Linux. */
  get #hasUnread(): boolean {
    return this.queue.length > 1 || this.queue[0]?.left > 0
  }

  /** The peer stays known, for getpeername(2). */
  #lostPeer(isReset: boolean): void {
    this.shutdown = SHUTDOWN_MASK
    if (isReset) this.error = ECONNRESET
    this.waiters.wakeAll()
  }
}
