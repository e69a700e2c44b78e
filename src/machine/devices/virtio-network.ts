// VirtioNetwork: a network card (virtio 1.2, 5.1): frames between a pair of queues and a backend.

import * as v from 'valibot'
import {badArgument} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import type {NetworkCounts} from './device-counts.ts'
import {HEADER_BYTES, LEAST_FRAME_BYTES, MOST_FRAME_BYTES, type NetworkBackend} from './network-backend.ts'
import {RateLimiter, type RateLimits} from './rate-limiter.ts'

/** The host computes checksums, and cuts segments of TCP over IPv4 and IPv6 into frames. */
const F_HOST_OFFLOADS = (1n << 0n) | (1n << 11n) | (1n << 12n)
/** The guest does, for its own. */
const F_GUEST_CHECKSUMS = 1n << 1n
const F_GUEST_TCP4 = 1n << 7n
const F_GUEST_TCP6 = 1n << 8n
/** A frame may take several of the driver's buffers. */
const F_MERGED_BUFFERS = 1n << 15n
const F_OFFLOADS = F_HOST_OFFLOADS | F_GUEST_CHECKSUMS | F_GUEST_TCP4 | F_GUEST_TCP6 | F_MERGED_BUFFERS
const F_MAC = 1n << 5n
const F_STATUS = 1n << 16n
const LINK_UP = 1
const QUEUE_SIZE = 256
const [TO_GUEST, TO_HOST] = [0, 1]
/** The most frames that wait for room in the guest. */
const MOST_WAITING = 64
const MAC_BYTES = 6
/** In a header. */
const NUM_BUFFERS = 10
const octet = takes.integer(0, 255)
const savedState = takes.options({mac: v.pipe(takes.list(octet, 'bytes'), v.length(MAC_BYTES, '6 bytes'))})

export class VirtioNetwork implements DeviceModel {
  readonly name = 'the network device'
  readonly id = 1
  readonly features: bigint
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly config = new Uint8Array(12)
  readonly counts: NetworkCounts = {receivedFrames: 0, receivedBytes: 0, sentFrames: 0, sentBytes: 0}
  readonly #backend: NetworkBackend
  readonly #waiting: Uint8Array[] = []
  /** A frame from the guest that has several buffers. */
  readonly #gathered = new Uint8Array(HEADER_BYTES + MOST_FRAME_BYTES)
  /** The backend was told that there is no room. */
  #isFull = false
  /** A frame from the guest for which the backend has no room; after its header, if the backend takes one. */
  #held: {chain: Chain; frame: Uint8Array} | undefined
  /** For each direction. */
  readonly #limiters: readonly RateLimiter[]
  #isRunning = false
  #mergesBuffers = false
  #takesChecksums = false
  /** Chains that were taken for the first frame that waits, which needs more. */
  #taken: Chain[] = []
  /** Empty until there is a transport. */
  #queues: readonly (Queue | undefined)[] = []

  /** @param mac six bytes; default: 02:68:76:00:00:01, a locally administered address. Two cards on one wire need two */
  constructor(
    backend: NetworkBackend,
    mac: Uint8Array = Uint8Array.of(2, 0x68, 0x76, 0, 0, 1),
    limits?: RateLimits,
  ) {
    if (mac.length !== 6 || (mac[0] & 1) !== 0)
      throw badArgument('the address of a network card is six bytes, the first one even')
    this.#backend = backend
    this.#limiters = [new RateLimiter(limits), new RateLimiter(limits)]
    this.features = F_MAC | F_STATUS | (backend.hasOffloads ? F_OFFLOADS : 0n)
    this.config.set(mac)
    const config = new DataView(this.config.buffer)
    config.setUint16(6, LINK_UP, true)
    // One pair of queues.
    config.setUint16(8, 1, true)
    const onRoom = () => this.#queues[TO_HOST]?.turns.wakeLater()
    backend.attach({receive: (frame) => this.#receive(frame), onRoom})
  }

  attach({queues}: Transport): void {
    this.#queues = queues
  }

  start(features: bigint): void {
    this.#isRunning = true
    const has = (feature: bigint) => (features & feature) !== 0n
    this.#mergesBuffers = has(F_MERGED_BUFFERS)
    this.#takesChecksums = has(F_GUEST_CHECKSUMS)
    const [tcp4, tcp6] = [has(F_GUEST_TCP4), has(F_GUEST_TCP6)]
    this.#backend.setGuestOffloads?.({checksums: this.#takesChecksums, tcp4, tcp6})
  }

  /** Frames for the guest that wait are lost, as on a wire. */
  save(): v.InferOutput<typeof savedState> {
    return {mac: [...this.config.subarray(0, MAC_BYTES)]}
  }

  restore(state: unknown): void {
    this.config.set(takes.checked(savedState, state, this.name).mac)
  }

  serve(queue: Queue, index: number): number | undefined {
    return index === TO_GUEST ? this.#deliver(queue) : this.#collect(queue)
  }

  stop(): void {
    this.#isRunning = false
    this.#held = undefined
    this.#taken = []
    this.#waiting.length = 0
    this.#makeRoom()
  }

  /** Takes a frame from the backend, and gives it to the driver at once if that has room. Without a driver, it is dropped. */
  #receive(frame: Uint8Array): boolean {
    const queue = this.#queues[TO_GUEST]
    if (!this.#isRunning || queue === undefined) return true
    if (this.#waiting.length === 0 && this.#give(queue, frame)) return true
    if (this.#waiting.length >= MOST_WAITING) {
      this.#isFull = true
      return false
    }
    // Not slice(): a Buffer's slice shares its memory.
    this.#waiting.push(new Uint8Array(frame))
    return true
  }

  #makeRoom(): void {
    if (!this.#isFull) return
    this.#isFull = false
    // Not from within the device: the backend delivers at once.
    setImmediate(() => this.#backend.onRoom())
  }

  /** A step: one frame to the guest. */
  #deliver(queue: Queue): number | undefined {
    const [frame] = this.#waiting
    if (frame === undefined || !this.#give(queue, frame)) return undefined
    this.#waiting.shift()
    if (this.#waiting.length <= MOST_WAITING / 2) this.#makeRoom()
    return frame.length
  }

  /** @returns false while the driver has no room, or has used up what it may: the queue is woken then */
  #give(queue: Queue, frame: Uint8Array): boolean {
    if (!this.#limiters[TO_GUEST].admits(queue.turns)) return false
    const bytes = frame.length - this.#headerBytes
    if (!this.#takeRoom(queue, HEADER_BYTES + bytes)) return false
    this.#limiters[TO_GUEST].charge(1, bytes)
    const chains = this.#taken
    this.#taken = []
    // A frame is lost when its buffer is too small, as on a wire.
    if (roomIn(chains) >= HEADER_BYTES + bytes) {
      const header = this.#takesChecksums ? frame.subarray(0, this.#headerBytes) : undefined
      put(chains, frame.subarray(this.#headerBytes), header)
      this.counts.receivedFrames++
      this.counts.receivedBytes += bytes
    }
    queue.completeAll(chains, (chain) => chain.putBytes)
    return true
  }

  /** @returns false while the driver has offered too few buffers */
  #takeRoom(queue: Queue, bytes: number): boolean {
    let room = roomIn(this.#taken)
    while (room < bytes && (this.#mergesBuffers || this.#taken.length === 0)) {
      const chain = queue.next()
      if (chain === undefined) return false
      this.#taken.push(chain)
      room += chain.writableBytes
    }
    return true
  }

  /** Of the backend's frames. */
  get #headerBytes(): number {
    return this.#backend.hasOffloads ? HEADER_BYTES : 0
  }

  /** A step: one frame from the guest. */
  #collect(queue: Queue): number | undefined {
    // Its memory is the driver's again, which has disabled the queue meanwhile.
    if (this.#held?.chain.isLive === false) this.#held = undefined
    this.#held ??= this.#next(queue)
    if (this.#held === undefined) return undefined
    const {chain, frame} = this.#held
    if (frame.length > 0) {
      if (!this.#backend.send(frame)) return undefined
      this.counts.sentFrames++
      this.counts.sentBytes += frame.length - this.#headerBytes
    }
    this.#held = undefined
    chain.complete(0)
    return frame.length
  }

  /** @returns `frame`: with its header, if the backend takes one; empty: none that could be sent */
  #next(queue: Queue): {chain: Chain; frame: Uint8Array} | undefined {
    if (!this.#limiters[TO_HOST].admits(queue.turns)) return undefined
    const chain = queue.next()
    if (chain === undefined) return undefined
    const length = chain.readableBytes - HEADER_BYTES
    this.#limiters[TO_HOST].charge(1, Math.max(0, length))
    if (length < LEAST_FRAME_BYTES || length > MOST_FRAME_BYTES) return {chain, frame: new Uint8Array()}
    const [first, more] = chain.readable
    const bytes = more === undefined ? first : this.#gathered.subarray(0, chain.takeInto(this.#gathered))
    return {chain, frame: bytes.subarray(HEADER_BYTES - this.#headerBytes)}
  }
}

const roomIn = (chains: readonly Chain[]): number =>
  chains.reduce((sum, {writableBytes}) => sum + writableBytes, 0)

/** @param given the backend's header; without one, nothing is left to the guest: all is zero (5.1.6.4.1) */
function put(chains: readonly Chain[], frame: Uint8Array, given: Uint8Array = new Uint8Array()): void {
  const header = new Uint8Array(HEADER_BYTES)
  header.set(given)
  // num_buffers, little-endian: at most 256.
  header[NUM_BUFFERS] = chains.length
  header[NUM_BUFFERS + 1] = chains.length >> 8
  chains[0].put(header)
  let at = 0
  for (const chain of chains) at += chain.put(frame.subarray(at))
}
