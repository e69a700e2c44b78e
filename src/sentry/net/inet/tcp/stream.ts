// TcpStream: the bytes of one end of a TCP connection: how many there is room for, and the way from a sender to its peer's ring.

import {SEND_SHUTDOWN, SHUTDOWN_MASK} from '../../../../abi/socket.ts'
import {PipeRing} from '../../../../vfs/pipe-ring.ts'
import type {SignalOwner} from '../../../fd/signal-owner.ts'
import {InetSocket} from '../inet-socket.ts'
import type {InternetProtocol} from '../inet-stack.ts'
import {CONGESTION_CONTROLS} from './options.ts'
import {READABLE, receivableBytes, WRITABLE} from './state.ts'
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
  readonly received: PipeRing
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
    this.sentBytes += bytes.length
    this.noteSent(bytes.length)
    this.stack.counters.countSegment(bytes.length)
    peer.waiters.wakeAll(READABLE)
  }

  /** Removes bytes that were received, and tells the sender when it may go on. */
  drop(count: number): void {
    const {peer, urgent} = this
    const wasWritable = peer === undefined || peer.isWritable
    this.received.drop(count)
    this.receivedBytes += count
    this.noteReceived(count)
    if (urgent !== undefined) this.urgent = urgent.pass(count)
    if (!wasWritable && peer.isWritable) peer.waiters.wakeAll(WRITABLE)
  }

  /** RST comes: what waits here can still be received. */
  abstract reset(): void
}
