// VirtioNetwork: a network card (virtio 1.2, 5.1): frames between a pair of queues and a backend, without offloads.

import {badArgument} from '../../errors.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {Turns} from '../virtio/turns.ts'
import {LEAST_FRAME_BYTES, MOST_FRAME_BYTES, type NetworkBackend} from './network-backend.ts'

const F_MTU = 1n << 3n
const F_MAC = 1n << 5n
const F_STATUS = 1n << 16n
const LINK_UP = 1
const QUEUE_SIZE = 256
const [TO_GUEST, TO_HOST] = [0, 1]
const HEADER_BYTES = 12
/** The minimum for IPv4, and what a frame has room for. */
const LEAST_MTU = 68
const MOST_MTU = MOST_FRAME_BYTES - LEAST_FRAME_BYTES
/** The most frames that wait for room in the guest. */
const MOST_WAITING = 64

export interface NetworkOptions {
  /** Six bytes; default: 02:68:76:00:00:01, a locally administered address. Two cards on one wire need two. */
  readonly mac?: Uint8Array
  /** Told to the guest; default: nothing is told, which means 1500. */
  readonly mtu?: number
}

export class VirtioNetwork implements DeviceModel {
  readonly name = 'the network device'
  readonly id = 1
  readonly features: bigint
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly maxChainBytes = 2 ** 32 - 1
  readonly config = new Uint8Array(12)
  readonly #backend: NetworkBackend
  readonly #toGuest = new Turns(() => this.#deliver())
  readonly #toHost = new Turns(() => this.#collect())
  readonly #waiting: Uint8Array[] = []
  /** The backend was told that there is no room. */
  #isFull = false
  /** A frame from the guest for which the backend has no room. */
  #held: {chain: Chain; frame: Uint8Array} | undefined
  #isRunning = false
  /** Undefined, and without queues, until the device has one. */
  #transport: Transport | undefined
  #queues: readonly (Queue | undefined)[] = []

  constructor(
    backend: NetworkBackend,
    {mac = Uint8Array.of(2, 0x68, 0x76, 0, 0, 1), mtu}: NetworkOptions = {},
  ) {
    if (mac.length !== 6 || (mac[0] & 1) !== 0)
      throw badArgument('the address of a network card is six bytes, the first one even')
    if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= LEAST_MTU && mtu <= MOST_MTU))
      throw badArgument(`an MTU is ${LEAST_MTU} to ${MOST_MTU}`)
    this.#backend = backend
    this.features = F_MAC | F_STATUS | (mtu === undefined ? 0n : F_MTU)
    this.config.set(mac)
    const config = new DataView(this.config.buffer)
    config.setUint16(6, LINK_UP, true)
    config.setUint16(8, 1, true)
    config.setUint16(10, mtu ?? 0, true)
    backend.attach({receive: (frame) => this.#receive(frame), onRoom: () => this.#toHost.wakeLater()})
  }

  /** Plugs the cable in, or pulls it out, and tells the guest. */
  setLink(isUp: boolean): void {
    this.config[6] = isUp ? LINK_UP : 0
    this.#transport?.configChanged()
  }

  attach(transport: Transport): void {
    this.#transport = transport
    this.#queues = transport.queues
  }

  start(): void {
    this.#isRunning = true
  }

  notify(queue: number): void {
    if (queue === TO_GUEST) this.#toGuest.wake()
    else this.#toHost.wake()
  }

  stop(): void {
    this.#isRunning = false
    this.#toGuest.stop()
    this.#toHost.stop()
    this.#held = undefined
    this.#waiting.length = 0
    this.#makeRoom()
  }

  /** Takes a frame from the backend. Without a driver or a cable, it is dropped. */
  #receive(frame: Uint8Array): boolean {
    if (!this.#isRunning || this.config[6] === 0) return true
    if (this.#waiting.length >= MOST_WAITING) {
      this.#isFull = true
      return false
    }
    this.#waiting.push(frame)
    this.#toGuest.wakeLater()
    return true
  }

  #makeRoom(): void {
    if (!this.#isFull) return
    this.#isFull = false
    // Not from within the device: the backend delivers at once.
    setImmediate(() => this.#backend.onRoom())
  }

  /** A step: one frame to the guest. */
  #deliver(): number | undefined {
    if (this.#waiting.length === 0) return undefined
    const chain = this.#queues[TO_GUEST]?.next()
    if (chain === undefined) return undefined
    const frame = this.#waiting.shift()!
    // A frame is lost when its buffer is too small, as on a wire.
    if (chain.writableBytes >= HEADER_BYTES + frame.length) {
      chain.put(headerOfOneBuffer())
      chain.put(frame)
    }
    chain.complete()
    if (this.#waiting.length <= MOST_WAITING / 2) this.#makeRoom()
    return HEADER_BYTES + frame.length
  }

  /** A step: one frame from the guest. */
  #collect(): number | undefined {
    const {chain, frame} = this.#held ?? this.#next() ?? {}
    if (chain === undefined || frame === undefined) return undefined
    this.#held = undefined
    const isFrame = frame.length >= LEAST_FRAME_BYTES && this.config[6] !== 0
    if (isFrame && !this.#backend.send(frame)) {
      this.#held = {chain, frame}
      return undefined
    }
    chain.complete(0)
    return frame.length
  }

  #next(): {chain: Chain; frame: Uint8Array} | undefined {
    const chain = this.#queues[TO_HOST]?.next()
    if (chain === undefined) return undefined
    // The header asks for offloads, none of which was negotiated.
    chain.take(HEADER_BYTES)
    const isTooLong = chain.leftToTake > MOST_FRAME_BYTES
    return {chain, frame: isTooLong ? new Uint8Array() : chain.take(MOST_FRAME_BYTES)}
  }
}

/** All zero except num_buffers, which is 1 without mergeable buffers (5.1.6.4). */
function headerOfOneBuffer(): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  header[10] = 1
  return header
}
