// VirtioVsock: streams between Node and programs in the guest (virtio 1.2, 5.10).

import type {Duplex} from 'node:stream'
import {badArgument} from '../../errors.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {BUFFER_BYTES, VsockConnection} from './vsock-connection.ts'
import {HEADER_BYTES, makeHeader, Op, parseHeader, STREAM, type VsockHeader} from './vsock-packet.ts'

const F_STREAM = 1n << 0n
const HOST_CID = 2
const GUEST_CID = 3
const QUEUE_SIZE = 128
const [TO_GUEST, TO_HOST] = [0, 1]
/** VIRTIO_VSOCK_EVENT_TRANSPORT_RESET: all connections are gone (5.10.6.7). */
const TRANSPORT_RESET = Uint8Array.of(0, 0, 0, 0)

/** The most streams that are not closed on both sides. Each holds at most BUFFER_BYTES of the guest's data. */
const MOST_CONNECTIONS = 256
/** The most resets that wait for room in the guest; at that number, nothing more is taken from the guest. */
const MOST_RESETS = 64
const EPHEMERAL_PORTS = 0x80000000

interface Reset {
  readonly hostPort: number
  readonly guestPort: number
  readonly type: number
}

export class VirtioVsock implements DeviceModel {
  readonly name = 'the vsock device'
  readonly id = 19
  readonly features = F_STREAM
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE, QUEUE_SIZE]
  readonly config = new Uint8Array(8)
  readonly #listeners = new Map<number, (stream: Duplex) => void>()
  /** By both ports. */
  readonly #connections = new Map<string, VsockConnection>()
  readonly #ready = new Set<VsockConnection>()
  #streams = 0
  #isClosed = false
  /** The guest has connections that this machine does not know, and was not told. */
  #hasLost = false
  #resets: Reset[] = []
  #nextPort = EPHEMERAL_PORTS
  /** Empty until there is a transport. */
  #queues: readonly (Queue | undefined)[] = []

  constructor() {
    this.config[0] = GUEST_CID
  }

  /**
   * Opens a stream to a guest port. It emits `connect`, or an error: ECONNREFUSED, ECONNRESET when the guest resets it or the
   * device, ENOBUFS when there are 256 streams. Before a driver is there, it waits for one.
   */
  connect(guestPort: number): Duplex {
    const connection = this.#add(this.#freePort(guestPort), guestPort, true)
    if (this.#isClosed) connection.abort()
    else if (!this.#isOver(MOST_CONNECTIONS)) this.#wake(connection)
    else connection.stream.destroy(Object.assign(new Error('too many vsock streams'), {code: 'ENOBUFS'}))
    return connection.stream
  }

  /**
   * Calls `onStream` with each stream that a program in the guest opens to `port`. A stream stays half open until both sides have ended
   * it. @returns a function that stops listening @throws HvError BAD_ARGUMENT when something already listens there
   */
  listen(port: number, onStream: (stream: Duplex) => void): () => void {
    if (this.#listeners.has(port)) throw badArgument(`vsock port ${port} is in use`, 'choose another port')
    this.#listeners.set(port, onStream)
    return () => {
      if (this.#listeners.get(port) === onStream) this.#listeners.delete(port)
    }
  }

  attach({queues}: Transport): void {
    this.#queues = queues
  }

  serve(queue: Queue, index: number): number | undefined {
    if (index === TO_GUEST) return this.#send(queue)
    return index === TO_HOST ? this.#receive(queue) : this.#tell(queue)
  }

  /** Its connections end with the process that has the other ends. */
  restore(): void {
    this.#hasLost = true
  }

  save(): object {
    return {}
  }

  stop(): void {
    this.#hasLost = false
    this.#resets = []
    for (const connection of [...this.#connections.values()]) {
      if (connection.isUnknown) continue
      this.#remove(connection)
      connection.abort()
    }
  }

  /** The machine is gone: streams end with an error, including those that wait for a driver. */
  close(): void {
    this.#isClosed = true
    this.stop()
    for (const connection of [...this.#connections.values()]) {
      this.#remove(connection)
      connection.abort()
    }
  }

  #add(hostPort: number, guestPort: number, isOurs: boolean): VsockConnection {
    const owner = {
      wake: (one: VsockConnection) => this.#wake(one),
      forget: (one: VsockConnection, withReset: boolean) => this.#forget(one, withReset),
    }
    const connection = new VsockConnection(owner, hostPort, guestPort, isOurs)
    this.#connections.set(keyOf(hostPort, guestPort), connection)
    this.#streams++
    connection.stream.once('close', () => {
      this.#streams--
    })
    return connection
  }

  #freePort(guestPort: number): number {
    do {
      this.#nextPort = this.#nextPort >= 2 ** 32 - 2 ? EPHEMERAL_PORTS : this.#nextPort + 1
    } while (this.#connections.has(keyOf(this.#nextPort, guestPort)))
    return this.#nextPort
  }

  /** Whether there are too many streams that are not closed, or connections, which outlast their streams while the guest may still read. */
  #isOver(most: number): boolean {
    return this.#streams > most || this.#connections.size > most
  }

  #wake(connection: VsockConnection): void {
    if (this.#connections.get(keyOf(connection.hostPort, connection.guestPort)) !== connection) return
    this.#ready.add(connection)
    this.#queues[TO_GUEST]?.turns.wake()
  }

  #remove(connection: VsockConnection): void {
    this.#ready.delete(connection)
    const key = keyOf(connection.hostPort, connection.guestPort)
    if (this.#connections.get(key) === connection) this.#connections.delete(key)
  }

  #forget(connection: VsockConnection, withReset: boolean): void {
    this.#remove(connection)
    if (withReset) this.#reset(connection.hostPort, connection.guestPort)
  }

  #reset(hostPort: number, guestPort: number, type = STREAM): void {
    this.#resets.push({hostPort, guestPort, type})
    this.#queues[TO_GUEST]?.turns.wakeLater()
  }

  /** A step: one packet to the guest: a reset, or one from the next connection in turn. */
  #send(queue: Queue): number | undefined {
    if (this.#hasLost) return undefined
    const connection = this.#resets.length > 0 ? undefined : this.#nextReady()
    if (this.#resets.length === 0 && connection === undefined) return undefined
    const chain = queue.next()
    if (chain === undefined) return undefined
    const room = chain.writableBytes - HEADER_BYTES
    if (connection !== undefined) this.#sendOf(connection, chain, room)
    else if (room >= 0) this.#sendReset(chain, this.#resets.shift()!)
    const written = chain.writableBytes - chain.leftToPut
    chain.complete()
    return written
  }

  #nextReady(): VsockConnection | undefined {
    for (const connection of this.#ready) {
      if (connection.hasPacket) return connection
      this.#ready.delete(connection)
    }
    return undefined
  }

  #sendOf(connection: VsockConnection, chain: Chain, room: number): void {
    const packet = room < 0 ? undefined : connection.nextPacket(room)
    if (packet === undefined) return
    const {hostPort, guestPort, forwarded} = connection
    const {op, flags, payload} = packet
    const {length} = payload
    chain.put(this.#header({hostPort, guestPort, type: STREAM, op, flags, length, forwarded}))
    chain.put(payload)
    // It goes to the end of the queue.
    this.#ready.delete(connection)
    if (connection.hasPacket) this.#ready.add(connection)
  }

  #sendReset(chain: Chain, reset: Reset): void {
    chain.put(this.#header({...reset, op: Op.reset, flags: 0, length: 0, forwarded: 0}))
    this.#queues[TO_HOST]?.turns.wakeLater()
  }

  #header(part: Reset & {op: number; flags: number; length: number; forwarded: number}): Uint8Array {
    return makeHeader({
      sourceCid: HOST_CID,
      destinationCid: GUEST_CID,
      sourcePort: part.hostPort,
      destinationPort: part.guestPort,
      length: part.length,
      type: part.type,
      op: part.op,
      flags: part.flags,
      bufferBytes: BUFFER_BYTES,
      forwarded: part.forwarded,
    })
  }

  /** A step: the one event that there is. Until then, the queue stays as the driver has it. */
  #tell(events: Queue): number | undefined {
    if (!this.#hasLost) return undefined
    const chain = events.next()
    if (chain === undefined) return undefined
    this.#hasLost = false
    const written = chain.put(TRANSPORT_RESET)
    chain.complete()
    // What waits for the guest is of connections that it has yet to hear of.
    this.#queues[TO_GUEST]?.turns.wakeLater()
    return written
  }

  /** A step: one packet from the guest. */
  #receive(queue: Queue): number | undefined {
    if (this.#resets.length >= MOST_RESETS) return undefined
    const chain = queue.next()
    if (chain === undefined) return undefined
    const bytes = chain.take(HEADER_BYTES)
    if (bytes.length === HEADER_BYTES) this.#obey(parseHeader(bytes), chain)
    chain.complete(0)
    return bytes.length + chain.readableBytes - chain.leftToTake
  }

  #obey(header: VsockHeader, chain: Chain): void {
    const {sourceCid, destinationCid, sourcePort: guestPort, destinationPort: hostPort, type, op} = header
    if (sourceCid !== GUEST_CID || destinationCid !== HOST_CID) return
    const connection = type === STREAM ? this.#connections.get(keyOf(hostPort, guestPort)) : undefined
    if (op === Op.reset) connection?.receiveReset()
    else if (connection !== undefined) this.#pass(connection, header, chain)
    else if (op === Op.request && type === STREAM) this.#accept(header)
    else this.#reset(hostPort, guestPort, type)
  }

  /** A payload longer than its chain, or than any buffer, is dropped: the connection then sees a protocol error. */
  #pass(connection: VsockConnection, header: VsockHeader, chain: Chain): void {
    connection.setCredit(header.bufferBytes, header.forwarded)
    const isWhole = header.length <= chain.leftToTake && header.length <= BUFFER_BYTES
    const payload = header.op === Op.data && isWhole ? chain.take(header.length) : new Uint8Array()
    connection.receive(isWhole ? header.op : 0, header.flags, payload)
  }

  #accept({sourcePort: guestPort, destinationPort: hostPort, bufferBytes, forwarded}: VsockHeader): void {
    const onStream = this.#listeners.get(hostPort)
    if (onStream === undefined || this.#isOver(MOST_CONNECTIONS - 1)) {
      this.#reset(hostPort, guestPort)
      return
    }
    const connection = this.#add(hostPort, guestPort, false)
    connection.setCredit(bufferBytes, forwarded)
    this.#wake(connection)
    onStream(connection.stream)
  }
}

const keyOf = (hostPort: number, guestPort: number): string => `${hostPort} ${guestPort}`
