// TcpSocket: a listener, or one end of a connection inside the sandbox: tcp(7). Bytes go from one end's queue to the other's: there are no packets.

import {ECONNREFUSED, ECONNRESET, EINVAL, ENOTCONN, Errno} from '../../../../abi/errno.ts'
import {IPPROTO_TCP, SOL_TCP, TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT} from '../../../../abi/inet.ts'
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../../abi/socket.ts'
import type {IoctlMemory} from '../../../../vfs/file.ts'
import {writeInt} from '../../../../vfs/int-argument.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import type {Task} from '../../../core/task.ts'
import type {Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import {Connectors} from '../connections.ts'
import {admitConnector, connectSocket, listen} from './connect.ts'
import type {ConnectTimeout} from './connect-timeout.ts'
import {getTcpOption, setTcpOption} from './options.ts'
import {numberFor, READABLE, readiness, tcpState} from './state.ts'
import {TcpStream} from './stream.ts'
import {readStream, receiveStream, sendStream, writeStream} from './transfer.ts'

export class TcpSocket extends TcpStream {
  readonly type = SOCK_STREAM
  readonly protocol = IPPROTO_TCP
  readonly isStream = true
  /** A connect(2) that did not wait was made, whose result no other one has reported yet. */
  isReporting = false
  /** shutdown(2) came before that report: only connect(2) to AF_UNSPEC helps. SS_DISCONNECTING in Linux. */
  isDisconnecting = false
  /** What it is, or once was: it never becomes the other. */
  role: 'connection' | 'listener' | undefined
  /** Connections that are not accepted, and sockets that wait to become one. */
  readonly backlog: TcpSocket[] = []
  readonly connectors = new Connectors<TcpSocket>()
  maxBacklog = 0
  /** Closed with SO_LINGER: the peer, to which bytes are under way. */
  #lingersFor: TcpStream | undefined
  /** The listener that it waits for: in `connectors`. */
  listener: TcpSocket | undefined
  /** When it gives up on it. Absent: never. */
  timeout: ConnectTimeout | undefined

  get ports() {
    return this.stack.tcp
  }

  get isListening(): boolean {
    return this.state === 'listening'
  }

  get isLingering(): boolean {
    return this.#lingersFor?.isBehind === true
  }

  get isConnecting(): boolean {
    return this.state === 'connecting'
  }

  readiness(): number {
    return readiness(this)
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

  /** Becomes a connection of a listener that has room: the other end waits for accept(2). @throws Errno ENFILE */
  join(listener: TcpSocket): void {
    const accepted = new TcpSocket(listener.family)
    accepted.inherit(listener)
    accepted.stack.counters.tcp.PassiveOpens++
    this.noteConnection()
    accepted.local = this.remote!
    accepted.remote = this.local
    // A service's address is as another machine's.
    if (!listener.isService) accepted.ports.accept(accepted)
    accepted.stack.connect(accepted)
    accepted.peer = this
    accepted.state = 'connected'
    accepted.role = 'connection'
    this.peer = accepted
    this.state = 'connected'
    this.options.incomingCpu = accepted.options.incomingCpu = 0
    // shutdown(2) came before listen(2).
    if (listener.shutdown & SEND_SHUTDOWN) accepted.sendEnd()
    accepted.shutdown = listener.shutdown
    listener.addAccepted(accepted)
  }

  /** For accept(2). */
  addAccepted(connection: TcpSocket): void {
    this.backlog.push(connection)
    this.waiters.wakeAll(READABLE)
  }

  /** @throws Errno ENOTCONN */
  shutDown(how: number): void {
    if (this.isListening) {
      if (how & RCV_SHUTDOWN) this.disconnect()
      return
    }
    const isClosed = tcpState(this) === TCP_CLOSE
    this.isDisconnecting ||= this.isReporting && isClosed
    this.isReporting = false
    if (this.state === 'connecting') this.disconnect()
    else {
      if (how & SEND_SHUTDOWN) this.sendEnd()
      this.shutdown |= how
      if (!isClosed) this.endIfBothEnded(false)
    }
    this.waiters.wakeAll()
    if (isClosed) throw new Errno(ENOTCONN)
  }

  /** Precondition: it has a port. */
  startListening(): void {
    this.state = 'listening'
    this.role = 'listener'
    this.stack.listeningChanged()
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

  /** For a place in a backlog. */
  stopWaiting(): void {
    this.listener?.connectors.delete(this)
    this.listener = undefined
    this.timeout?.cancel()
    this.timeout = undefined
  }

  /** ECONNREFUSED, ETIMEDOUT, for the connect(2) that waits or for SO_ERROR. Until then the socket shows its addresses: tcp_done in Linux. */
  refuse(error: number): void {
    this.stopWaiting()
    this.state = 'closed'
    this.shutdown = SHUTDOWN_MASK
    this.error = error
    this.stack.connections.delete(this)
    this.releasePort()
    this.waiters.wakeAll()
  }

  /** connect(2) to AF_UNSPEC: the socket can connect anew. tcp_disconnect in Linux. */
  disconnect(): void {
    const {peer} = this
    const state = tcpState(this)
    if (state === TCP_LISTEN) this.stopListening()
    this.stopWaiting()
    this.peer = undefined
    peer?.reset()
    this.resetClosedPeer()
    this.state = 'closed'
    this.wakeLingerers()
    this.isReporting = false
    this.isDisconnecting = false
    this.shutdown = 0
    this.hasEnded = false
    this.hasSentEnd = false
    if (state !== TCP_CLOSE && state !== TCP_LISTEN) this.error = ECONNRESET
    this.received.clear()
    this.urgent = undefined
    this.stack.connections.delete(this)
    // Who was closed already has a port from bind(2) alone.
    if (state !== TCP_CLOSE) this.releasePort()
    this.forgetAddresses()
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

  protected override get isConnected(): boolean {
    return this.remote !== undefined && tcpState(this) !== TCP_CLOSE
  }

  /** getpeername(2) no longer shows its peer. */
  get hasLostPeer(): boolean {
    const state = tcpState(this)
    return state === TCP_CLOSE || state === TCP_SYN_SENT
  }

  override setOption(task: Task, level: number, option: number, value: Uint8Array): boolean {
    if (level === SOL_SOCKET && (option === SO_SNDBUF || option === SO_SNDBUFFORCE))
      this.isSendBufferFixed = true
    if (level !== SOL_TCP) return super.setOption(task, level, option, value)
    setTcpOption(task, this, option, value)
    return true
  }

  override getOption(task: Task, level: number, option: number, room: number): Uint8Array | undefined {
    if (level !== SOL_TCP) return super.getOption(task, level, option, room)
    if (room < 0) throw new Errno(EINVAL)
    return getTcpOption(task, this, option)
  }

  override inherit(listener: TcpSocket): void {
    super.inherit(listener)
    this.isSendBufferFixed = listener.isSendBufferFixed
    this.congestionControl = listener.congestionControl
  }

  override ioctl(request: number, argument: number, memory: IoctlMemory): number {
    const number = numberFor(this, request)
    if (number === undefined) return super.ioctl(request, argument, memory)
    return writeInt(memory, argument, number)
  }

  /** Closes with a reset, as a connection that nobody accepts. */
  abort(): void {
    this.options.lingerSeconds = 0
    this.close()
  }

  close(): void {
    if (!this.end()) return
    this.stack.connections.delete(this)
    const {peer, hasEnded} = this
    const isReset = this.received.length > 0 || this.options.lingerSeconds === 0
    if (this.isListening) this.stopListening()
    else if (this.state === 'connecting') this.disconnect()
    else if (isReset) {
      peer?.reset()
      this.resetClosedPeer()
    } else {
      if (this.options.lingerSeconds !== undefined && peer?.isBehind) {
        this.#lingersFor = peer
        peer.lingerers = this.waiters
      }
      this.sendEnd()
      if (peer !== undefined && peer !== this && !hasEnded) this.leave(peer)
    }
    if (peer !== undefined) peer.peer = undefined
    this.peer = undefined
    this.owner = undefined
    this.state = 'closed'
    this.wakeLingerers()
    this.shutdown = SHUTDOWN_MASK
    this.received.clear()
    this.waiters.wakeAll()
  }
}
