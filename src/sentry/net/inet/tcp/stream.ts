// TcpStream: one end of a TCP connection: its bytes, how many there is room for, and their way to the peer's ring; how it ends: FIN, RST.

import {ECONNRESET, EPIPE} from '../../../../abi/errno.ts'
import {SOL_TCP, TCP_CLOSE, TCP_LINGER2} from '../../../../abi/inet.ts'
import {POLLRDHUP} from '../../../../abi/poll.ts'
import {RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK} from '../../../../abi/socket.ts'
import {PipeRing} from '../../../../vfs/pipe-ring.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import type {SignalOwner} from '../../../fd/signal-owner.ts'
import {InetSocket} from '../inet-socket.ts'
import type {InternetProtocol} from '../inet-stack.ts'
import {CONGESTION_CONTROLS} from './options.ts'
import {READABLE, receivableBytes, tcpState, WRITABLE} from './state.ts'
import type {TimeWait} from './time-wait.ts'
import type {UrgentByte} from './urgent.ts'

/** net.ipv4.tcp_wmem, tcp_rmem: where the sizes begin, and how far Linux lets them grow by themselves, in bytes. */
const SEND_BUFFER = 16_384
const RECEIVE_BUFFER = 131_072
const GROWN_SEND_BUFFER = 1 << 20

export abstract class TcpStream extends InetSocket {
  /** `connecting`: the listener has no room yet. `reset`: it was connected, and is not any longer. */
  state: 'closed' | 'listening' | 'connecting' | 'connected' | 'reset' = 'closed'
  /** Undefined in a connection: the peer is closed. */
  peer: TcpStream | undefined
  /** What is left of a peer that was closed first, while this end has not ended. */
  closedPeer: TimeWait | undefined
  readonly received: PipeRing
  /** In close(2) until there is room here for all that the closed peer has sent. */
  lingerers: WaitQueue | undefined
  /** The peer sends no more. */
  hasEnded = false
  /** The peer was told so: shutdown(2) tells a peer that is there, and holds for one that comes later. */
  hasSentEnd = false
  /** setsockopt(2) has set the size: it does not grow. */
  isSendBufferFixed = false
  /** Among `received`, or before it; undefined: none came, or recv(2) is past it. */
  urgent: UrgentByte | undefined
  /** Who gets SIGURG. */
  owner: SignalOwner | undefined
  congestionControl = CONGESTION_CONTROLS[0]
  /** What it has ever sent and received, in bytes. */
  sentBytes = 0
  receivedBytes = 0

  constructor(family: InternetProtocol) {
    super(family)
    this.options.sendBuffer = SEND_BUFFER
    this.options.receiveBuffer = RECEIVE_BUFFER
    this.received = new PipeRing(this.budget)
  }

  /** Half of the buffer is Linux's own: tcp_adv_win_scale. What is beyond it counts as not yet sent. */
  get window(): number {
    return this.options.receiveBuffer >> 1
  }

  override noteSent(bytes: number): void {
    this.sentBytes += bytes
    super.noteSent(bytes)
  }

  override noteReceived(bytes: number): void {
    this.receivedBytes += bytes
    super.noteReceived(bytes)
  }

  get sendBuffer(): number {
    return this.isSendBufferFixed ? this.options.sendBuffer : GROWN_SEND_BUFFER
  }

  get receivableBytes(): number {
    return receivableBytes(this)
  }

  get unsentBytes(): number {
    const {peer} = this
    return peer === undefined ? 0 : Math.max(0, peer.received.length - peer.window)
  }

  /** Not all that came has room in its window. */
  get isBehind(): boolean {
    return this.state === 'connected' && this.received.length > this.window
  }

  protected wakeLingerers(): void {
    this.lingerers?.wakeAll()
    this.lingerers = undefined
  }

  /** How many bytes a send may still add. */
  get room(): number {
    const {peer} = this
    if (peer === undefined) return this.sendBuffer
    return Math.max(0, peer.window + this.sendBuffer - peer.received.length)
  }

  /** sk_stream_is_writeable in Linux. */
  get isWritable(): boolean {
    return this.unsentBytes * 3 <= this.sendBuffer * 2
  }

  /** How many bytes a send takes at once; 0: it waits, or fails. */
  get sendableBytes(): number {
    const isOpen = this.state === 'connected' && this.error === 0 && !(this.shutdown & SEND_SHUTDOWN)
    return isOpen ? this.room : 0
  }

  /** How many bytes a receive gives at once; 0: it waits, or has more to look at than bytes. */
  get readableBytes(): number {
    const {length} = this.received
    return this.urgent === undefined && length >= this.options.lowWater ? length : 0
  }

  /** Sends bytes: to an end that is closed, or receives no more, they come back as a reset. Precondition: it is connected, with room. @throws Errno ENOMEM */
  append(bytes: Uint8Array): void {
    const {peer} = this
    if (peer === undefined || (this.hasEnded && peer.shutdown === SHUTDOWN_MASK)) {
      peer?.reset()
      this.reset()
      return
    }
    peer.received.append(bytes)
    this.noteSent(bytes.length)
    this.stack.counters.countSegment(bytes.length)
    peer.waiters.wakeAll(READABLE)
  }

  /** Removes bytes that were received, and tells the sender when it may go on. */
  drop(count: number): void {
    const {peer, urgent} = this
    const wasWritable = peer === undefined || peer.isWritable
    this.received.drop(count)
    this.noteReceived(count)
    if (urgent !== undefined) this.urgent = urgent.pass(count)
    if (!wasWritable && peer.isWritable) peer.waiters.wakeAll(WRITABLE)
    if (!this.isBehind) this.wakeLingerers()
  }

  sendEnd(): void {
    const {peer} = this
    if (this.hasSentEnd || this.state !== 'connected') return
    this.hasSentEnd = true
    this.closedPeer?.peerEnded()
    this.closedPeer = undefined
    if (peer === undefined) return
    peer.hasEnded = true
    peer.shutdown |= RCV_SHUTDOWN
    peer.waiters.wakeAll(READABLE | POLLRDHUP)
    peer.endIfBothEnded(true)
  }

  /** Both have ended it: tcp_done in Linux. @param wasFirst it enters TIME_WAIT */
  protected endIfBothEnded(wasFirst: boolean): void {
    if (this.state !== 'connected' || tcpState(this) !== TCP_CLOSE) return
    if (wasFirst) this.leave(undefined)
    this.stack.connections.delete(this)
    this.releasePort()
  }

  /** The connection goes on without the socket, if a program has it: FIN_WAIT2, or, without a peer, TIME_WAIT. */
  protected leave(peer: TcpStream | undefined): void {
    if (this.traffic === undefined) return
    // TCP_LINGER2: nobody waits for the peer's end.
    if (peer !== undefined && this.kept.get(SOL_TCP, TCP_LINGER2) === -1) {
      peer.reset()
      return
    }
    const end = this.stack.timeWaits.add(this, peer)
    if (end === undefined) this.stack.counters.timeWaitOverflows++
    if (peer !== undefined) peer.closedPeer = end
  }

  /** RST comes: what waits here can still be received. */
  reset(): void {
    this.resetClosedPeer()
    if (tcpState(this) === TCP_CLOSE) return
    const {tcp} = this.stack.counters
    tcp.EstabResets++
    tcp.OutRsts++
    this.error = this.hasEnded ? EPIPE : ECONNRESET
    this.state = 'reset'
    this.wakeLingerers()
    this.shutdown = SHUTDOWN_MASK
    this.peer = undefined
    this.stack.connections.delete(this)
    this.releasePort()
    this.waiters.wakeAll()
  }

  protected resetClosedPeer(): void {
    this.closedPeer?.expire()
    this.closedPeer = undefined
  }

  override forgetPeer(): void {
    this.stack.connections.delete(this)
    super.forgetPeer()
  }
}
