// HostUdpSocket: a UDP socket that may send to what is outside of the sandbox, and hears from there: a flow for each peer.

import {EACCES, ECONNREFUSED, Errno} from '../../../../abi/errno.ts'
import {POLLIN, withNormalBits} from '../../../../abi/poll.ts'
import {MSG_ERRQUEUE} from '../../../../abi/socket.ts'
import type {WaitQueue} from '../../../../vfs/wait-queue.ts'
import type {Task} from '../../../core/task.ts'
import type {Reading} from '../../reading.ts'
import type {Sending} from '../../sending.ts'
import {type Endpoint, isGroup, isLoopback, sourceOf} from '../address.ts'
import type {InternetProtocol} from '../inet-stack.ts'
import {Datagram} from '../udp/datagram.ts'
import {UdpSocket} from '../udp/udp-socket.ts'
import type {HostConnections} from './connections.ts'
import {Flow} from './flow.ts'

/** Of a socket; the one that was used least recently makes room. */
const MOST_FLOWS = 256
/** So few are asked for datagrams before a call says that there is none. */
const FEW_FLOWS = 8
const NOTHING = new Uint8Array(0)
/** What a datagram from outside had left, about: nobody tells. */
const HOPS = 64

const keyOf = ({ip, port}: Endpoint): string => `${ip} ${port}`
const isInside = ({ip}: Endpoint): boolean => isLoopback(ip) || isGroup(ip)

/** Precondition: the flow has failed. */
function refusalOf(task: Task, {errno, needs}: Flow): Errno {
  if (errno === EACCES) task.refusal = needs ?? ''
  return new Errno(errno)
}

/** Who asked for what the broker may refuse. */
interface Caller {
  readonly run: Task['process']['run']
  readonly call: number
}

export class HostUdpSocket extends UdpSocket {
  readonly #connections: HostConnections
  /** By their peers; the one that was used last is last. */
  readonly #flows = new Map<string, Flow>()
  /** Of which something may wait with the host, in the order of their turns. The host tells what comes next to the others. */
  readonly #ready = new Set<Flow>()
  #caller: Caller | undefined
  /** Of the datagram that was sent last. */
  #last: Flow | undefined
  /** Calls that wait for the broker's answer. */
  readonly #waiting = new WeakMap<object, Flow>()

  constructor(protocol: InternetProtocol, connections: HostConnections) {
    super(protocol)
    this.#connections = connections
  }

  /** @param address the same object again after a wait */
  override connect(task: Task, address: Uint8Array, mayWait: boolean): readonly WaitQueue[] | undefined {
    const asked = this.#waiting.get(address)
    if (asked !== undefined) return this.#connected(task, address, asked, mayWait)
    super.connect(task, address, mayWait)
    const {remote} = this
    // What others have sent before is still received.
    for (const flow of [...this.#flows.values()]) {
      if (remote !== undefined && keyOf(flow.peer) !== keyOf(remote)) this.#drop(flow)
    }
    // There is no peer at port 0.
    if (remote === undefined || isInside(remote) || remote.port === 0) return undefined
    const flow = this.#flowTo(remote)
    return flow.isAsked && mayWait ? this.#waitFor(address, flow) : undefined
  }

  #connected(
    task: Task,
    address: Uint8Array,
    flow: Flow,
    mayWait: boolean,
  ): readonly WaitQueue[] | undefined {
    if (flow.isAsked && mayWait) return [this.waiters]
    this.#waiting.delete(address)
    if (flow.errno === 0) return undefined
    this.forgetPeer()
    throw refusalOf(task, flow)
  }

  #waitFor(call: object, flow: Flow): readonly WaitQueue[] {
    flow.isAwaited = true
    this.#waiting.set(call, flow)
    return [this.waiters]
  }

  /** Without a wait, a refusal is told by the next call. */
  override send(sending: Sending): readonly WaitQueue[] | undefined {
    const asked = this.#waiting.get(sending)
    if (asked !== undefined) return this.#sent(sending, asked)
    this.#last = undefined
    super.send(sending)
    const flow: Flow | undefined = this.#last
    return flow !== undefined && (flow as Flow).isAsked && sending.mayWait
      ? this.#waitFor(sending, flow)
      : undefined
  }

  #sent(sending: Sending, flow: Flow): readonly WaitQueue[] | undefined {
    if (flow.isAsked) return [this.waiters]
    this.#waiting.delete(sending)
    if (flow.errno === 0) return undefined
    sending.sent = 0
    throw refusalOf(sending.task, flow)
  }

  override routeOutside({process, context}: Task, to: Endpoint): Endpoint {
    this.#caller = {run: process.run, call: context.callNumber}
    return to
  }

  override sendsOutside({to, bytes}: Datagram): boolean {
    if (isInside(to)) return false
    const flow = this.#flowTo(to)
    flow.send([bytes])
    this.#last = flow
    return true
  }

  override sendsInPlace({to, segmentBytes}: Datagram, sending: Sending): boolean {
    if (isInside(to) || (segmentBytes > 0 && sending.total > segmentBytes)) return false
    const pieces = sending.pieces()
    const flow = this.#flowTo(to)
    flow.send(pieces)
    this.#last = flow
    return true
  }

  /** @throws Errno EAGAIN, ENFILE, ENETDOWN */
  #flowTo(peer: Endpoint): Flow {
    const key = keyOf(peer)
    const known = this.#flows.get(key)
    if (known !== undefined) {
      this.#flows.delete(key)
      this.#flows.set(key, known)
      return known
    }
    const flow = new Flow(this.#connections, this, peer)
    flow.ask()
    this.#add(flow)
    return flow
  }

  #add(flow: Flow): void {
    const key = keyOf(flow.peer)
    const known = this.#flows.get(key)
    if (known !== undefined) this.#drop(known)
    const [oldest] = this.#flows.size >= MOST_FLOWS ? this.#flows.values() : []
    if (oldest !== undefined) this.#drop(oldest)
    this.#flows.set(key, flow)
  }

  /** What waits with the host comes into the queue. */
  #drop(flow: Flow): void {
    for (const bytes of flow.rest()) {
      this.enqueue(this.#datagramFrom(flow, bytes))
      if (this.isFull) break
    }
    flow.close()
    this.#ready.delete(flow)
    if (this.#flows.get(keyOf(flow.peer)) === flow) this.#flows.delete(keyOf(flow.peer))
  }

  idle(flow: Flow): void {
    this.#drop(flow)
  }

  /** From outside, to a published port. @param fd its own from here on @param first what has come before the socket was connected */
  arrive(fd: number, from: Endpoint, first: Uint8Array): void {
    const flow = new Flow(this.#connections, this, from)
    this.#add(flow)
    this.#received(flow, first)
    flow.opened(fd)
  }

  /** Another datagram, that came to a published port before its flow was there. */
  hear(from: Endpoint, bytes: Uint8Array): void {
    const flow = this.#flows.get(keyOf(from))
    if (flow !== undefined) this.#received(flow, bytes)
  }

  /** By the broker. */
  #received(flow: Flow, bytes: Uint8Array): void {
    const {remote} = this
    if (remote !== undefined && remote.port !== 0 && keyOf(remote) !== keyOf(flow.peer)) return
    this.enqueue(this.#datagramFrom(flow, bytes))
  }

  #datagramFrom({peer}: Flow, bytes: Uint8Array): Datagram {
    const {local} = this
    const to = {ip: sourceOf(local.ip, peer.ip), port: local.port}
    return new Datagram(bytes, peer, to, HOPS, 0)
  }

  /** The broker has answered, or the flow was idle. */
  ended(flow: Flow, errno: number, needs: string | undefined): void {
    if (flow.isClosed) this.#drop(flow)
    if (errno === EACCES && this.#caller !== undefined)
      this.#caller.run.counters.countRefused(this.#caller.call, needs)
    if (errno !== 0 && !flow.isAwaited) this.fail(errno)
    this.waiters.wakeAll()
  }

  /** As Linux's, which tells a connected socket alone. */
  reported(_flow: Flow, errno: number): void {
    if (errno === ECONNREFUSED && this.remote !== undefined) this.fail(errno)
  }

  /** Where nobody waits, nothing more is told until somebody does. */
  hostReady(flow: Flow, events: number): void {
    this.#ready.add(flow)
    if (this.waiters.isEmpty) flow.unwatch()
    this.waiters.wakeAll(withNormalBits(events))
  }

  override readiness(): number {
    const isReadable = this.isEmpty && this.#next() !== undefined
    return super.readiness() | (isReadable ? withNormalBits(POLLIN) : 0)
  }

  override get receivableBytes(): number {
    return this.isEmpty ? (this.#next()?.receivableBytes ?? 0) : super.receivableBytes
  }

  /** What is in the queue came before what waits with the host. */
  override receive(reading: Reading): boolean {
    const isOfHost = this.isEmpty && this.error === 0 && !(reading.flags & MSG_ERRQUEUE)
    return (isOfHost && this.#receiveOutside(reading)) || super.receive(reading)
  }

  #receiveOutside(reading: Reading): boolean {
    for (const flow of this.#candidates()) {
      const length = flow.receive(reading)
      // The others have their turns; who was only looked at keeps its own.
      if (length === undefined || !reading.peeks) this.#ready.delete(flow)
      if (length === undefined) continue
      this.#ready.add(flow)
      this.describe(this.#datagramFrom(flow, NOTHING), reading)
      if (!reading.peeks) {
        this.noteReceived(length)
        this.stack.counters.udp(flow.peer.ip).InDatagrams++
      }
      return true
    }
    return false
  }

  /** The flow whose datagram is received next. Of the others, its owner is told when that changes. */
  #next(): Flow | undefined {
    for (const flow of this.#candidates()) {
      flow.watch()
      if (flow.isReadable) {
        this.#ready.add(flow)
        return flow
      }
      this.#ready.delete(flow)
    }
    return undefined
  }

  /** What has come is told later, while the program runs: of a few flows, the host is asked. */
  #candidates(): Iterable<Flow> {
    return this.#flows.size > FEW_FLOWS
      ? [...this.#ready]
      : new Set([...this.#ready, ...this.#flows.values()])
  }

  override close(): void {
    for (const flow of this.#flows.values()) flow.close()
    this.#flows.clear()
    this.#ready.clear()
    super.close()
  }
}
