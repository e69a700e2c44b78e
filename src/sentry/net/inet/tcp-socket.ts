// TcpSocket: a listener, or one end of a connection inside the sandbox: tcp(7). Bytes go from one end's queue to the other's: there are no packets.

import {ECONNREFUSED, ECONNRESET, EINVAL, ENOTCONN, EPIPE, Errno} from '../../../abi/errno.ts'
import {IPPROTO_TCP} from '../../../abi/inet.ts'
import {FIONREAD, TIOCOUTQ} from '../../../abi/ioctl.ts'
import {POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM} from '../../../abi/poll.ts'
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../abi/socket.ts'
import type {IoctlMemory} from '../../../vfs/file.ts'
import {writeInt} from '../../../vfs/int-argument.ts'
import {PipeRing} from '../../../vfs/pipe-ring.ts'
import type {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Task} from '../../core/task.ts'
import type {Reading} from '../reading.ts'
import type {Sending} from '../sending.ts'
import {Connectors} from './connections.ts'
import {InetSocket} from './inet-socket.ts'
import type {InternetProtocol} from './inet-stack.ts'
import {admitConnector, connectSocket, listen} from './tcp-connect.ts'
import {readStream, receiveStream, sendStream, writeStream} from './tcp-transfer.ts'

const READABLE = POLLIN | POLLRDNORM
const WRITABLE = POLLOUT | POLLWRNORM
/** net.ipv4.tcp_wmem, tcp_rmem: where the sizes begin, and how far Linux lets them grow by themselves, in bytes. */
const SEND_BUFFER = 16_384
const RECEIVE_BUFFER = 131_072
const GROWN_SEND_BUFFER = 1 << 20

export class TcpSocket extends InetSocket {
  readonly type = SOCK_STREAM
  readonly protocol = IPPROTO_TCP
  readonly isStream = true
  /** `connecting`: the listener has no room yet. `reset`: it was connected, and is not any longer. */
  state: 'closed' | 'listening' | 'connecting' | 'connected' | 'reset' = 'closed'
  /** A connect(2) that did not wait was made, whose result no other one has reported yet. */
  isReporting = false
  peer: TcpSocket | undefined
  readonly received: PipeRing
  /** The peer sends no more. */
  hasEnded = false
  /** Connections that are not accepted, and sockets that wait to become one. */
  readonly backlog: TcpSocket[] = []
  readonly connectors = new Connectors()
  maxBacklog = 0
  /** The listener that it waits for: in `connectors`. */
  listener: TcpSocket | undefined
  /** setsockopt(2) has set the size: it does not grow. */
  isSendBufferFixed = false

  constructor(family: InternetProtocol) {
    super(family)
    this.options.sendBuffer = SEND_BUFFER
    this.options.receiveBuffer = RECEIVE_BUFFER
    this.received = new PipeRing(this.budget)
  }

  get ports() {
    return this.stack.tcp
  }

  get isListening(): boolean {
    return this.state === 'listening'
  }

  /** Half of the buffer is Linux's own: tcp_adv_win_scale. What is beyond it counts as not yet sent. */
  get window(): number {
    return this.options.receiveBuffer >> 1
  }

  get sendBuffer(): number {
    return this.isSendBufferFixed ? this.options.sendBuffer : GROWN_SEND_BUFFER
  }

  get receivableBytes(): number {
    return Math.min(this.received.length, this.window)
  }

  get unsentBytes(): number {
    const {peer} = this
    return peer === undefined ? 0 : Math.max(0, peer.received.length - peer.window)
  }

  /** How many bytes a send may still add. */
  get room(): number {
    const {peer} = this
    if (peer === undefined || peer.isDead) return this.sendBuffer
    return Math.max(0, peer.window + this.sendBuffer - peer.received.length)
  }

  /** sk_stream_is_writeable in Linux. */
  get isWritable(): boolean {
    return this.unsentBytes * 3 <= this.sendBuffer * 2
  }

  /** tcp_poll in Linux. */
  readiness(): number {
    if (this.isListening) return this.backlog.length > 0 ? READABLE : 0
    let ready = this.error !== 0 ? POLLERR : 0
    const isClosed = this.state === 'closed' || this.state === 'reset'
    if (this.shutdown === SHUTDOWN_MASK || isClosed) ready |= POLLHUP
    if (this.shutdown & RCV_SHUTDOWN) ready |= READABLE | POLLRDHUP
    if (this.state === 'connecting') return ready
    if (this.received.length >= this.options.lowWater) ready |= READABLE
    if (this.shutdown & SEND_SHUTDOWN || this.isWritable) ready |= WRITABLE
    return ready
  }

  connect(
    task: Task,
    address: Uint8Array,
    mayWait: boolean,
    expired: boolean,
  ): readonly WaitQueue[] | undefined {
    return connectSocket(task, this, address, mayWait, expired) ? undefined : [this.waiters]
  }

  listen(task: Task, backlog: number): void {
    listen(task, this, backlog)
  }

  /** @throws Errno EINVAL */
  accept(): TcpSocket | undefined {
    if (!this.isListening) throw new Errno(EINVAL)
    const connection = this.backlog.shift()
    if (connection !== undefined) admitConnector(this)
    return connection
  }

  /** @throws Errno ENOTCONN */
  shutDown(how: number): void {
    if (this.isListening) {
      if (how & RCV_SHUTDOWN) this.stopListening()
      return
    }
    if (this.state === 'connecting') this.disconnect()
    else if (this.state !== 'connected') throw new Errno(ENOTCONN)
    else {
      if (how & SEND_SHUTDOWN) this.#sendEnd()
      this.shutdown |= how
    }
    this.waiters.wakeAll()
  }

  #sendEnd(): void {
    const {peer} = this
    if (this.shutdown & SEND_SHUTDOWN || peer === undefined || peer.isDead) return
    peer.hasEnded = true
    peer.shutdown |= RCV_SHUTDOWN
    peer.waiters.wakeAll(READABLE | POLLRDHUP)
  }

  /** RST: what waits here can still be received. */
  reset(error: number): void {
    if (this.state !== 'connected') return
    this.error = error
    this.state = 'reset'
    this.shutdown = SHUTDOWN_MASK
    this.peer = undefined
    this.stack.connections.delete(this)
    this.waiters.wakeAll()
  }

  override forgetPeer(): void {
    this.stack.connections.delete(this)
    super.forgetPeer()
  }

  /** Connections that nobody has accepted are reset; who waits to become one is refused. */
  stopListening(): void {
    this.state = 'closed'
    this.stack.listeningChanged()
    for (const connection of this.backlog.splice(0)) connection.abort()
    for (let socket = this.connectors.shift(); socket; socket = this.connectors.shift())
      socket.refuse(ECONNREFUSED)
    this.waiters.wakeAll()
  }

  /** ECONNREFUSED, for the connect(2) that waits or for SO_ERROR. */
  refuse(error: number): void {
    this.listener = undefined
    this.state = 'closed'
    this.error = error
    this.forgetPeer()
    this.waiters.wakeAll()
  }

  /** connect(2) to AF_UNSPEC: the socket can connect anew. */
  disconnect(): void {
    if (this.isListening) {
      this.stopListening()
      return
    }
    const {listener, peer} = this
    listener?.connectors.delete(this)
    this.listener = undefined
    this.peer = undefined
    peer?.reset(ECONNRESET)
    this.state = 'closed'
    this.isReporting = false
    this.shutdown = 0
    this.hasEnded = false
    this.error = 0
    this.received.clear()
    this.forgetPeer()
    this.waiters.wakeAll()
  }

  send(sending: Sending): readonly WaitQueue[] | undefined {
    return sendStream(this, sending)
  }

  receive(reading: Reading): boolean {
    return receiveStream(this, reading)
  }

  read(target: Uint8Array, flags: number): number {
    return readStream(this, target, flags)
  }

  write(source: Uint8Array): number {
    return writeStream(this, source)
  }

  /** Sends bytes: for an end that is closed they come back as a reset. Precondition: it is connected, with room. @throws Errno ENOMEM */
  append(bytes: Uint8Array): void {
    const {peer} = this
    if (peer === undefined) return
    if (peer.isDead) {
      this.reset(EPIPE)
      return
    }
    peer.received.append(bytes)
    peer.waiters.wakeAll(READABLE)
  }

  /** Removes bytes that were received, and tells the sender when it may go on. */
  drop(count: number): void {
    const {peer} = this
    const wasWritable = peer === undefined || peer.isWritable
    this.received.drop(count)
    if (!wasWritable && peer.isWritable) peer.waiters.wakeAll(WRITABLE)
  }

  override setOption(task: Task, level: number, option: number, value: Uint8Array): boolean {
    if (level === SOL_SOCKET && (option === SO_SNDBUF || option === SO_SNDBUFFORCE))
      this.isSendBufferFixed = true
    return super.setOption(task, level, option, value)
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    if (request !== FIONREAD && request !== TIOCOUTQ) return super.ioctl(request, argument, memory)
    if (this.isListening) throw new Errno(EINVAL)
    return writeInt(memory, argument, request === FIONREAD ? this.receivableBytes : this.unsentBytes)
  }

  /** Closes with a reset, as a connection that nobody accepts. */
  abort(): void {
    this.options.lingerSeconds = 0
    this.close()
  }

  close(): void {
    if (!this.end()) return
    this.stack.connections.delete(this)
    const {peer} = this
    const isReset = this.received.length > 0 || this.options.lingerSeconds === 0
    if (this.isListening) this.stopListening()
    else if (this.state === 'connecting') this.disconnect()
    else if (isReset) peer?.reset(peer.hasEnded ? EPIPE : ECONNRESET)
    else this.#sendEnd()
    this.state = 'closed'
    this.shutdown = SHUTDOWN_MASK
    this.received.clear()
    this.waiters.wakeAll()
  }
}
