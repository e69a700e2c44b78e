// VirtioBlock: a disk (virtio 1.2, 5.2): several requests at once, each through libuv's pool into host memory.

import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {
  answer,
  answerNow,
  type BlockRequest,
  type BlockSettings,
  isWhole,
  MOST_RANGE_SECTORS,
  PIECE_BYTES,
  requestOf,
  SECTOR,
} from './block-request.ts'
import type {BlockStore} from './block-store.ts'
import type {DiskCounts} from './device-counts.ts'
import {RateLimiter, type RateLimits} from './rate-limiter.ts'

const F_SEG_MAX = 1n << 2n
const F_READ_ONLY = 1n << 5n
const F_BLOCK_SIZE = 1n << 6n
const F_FLUSH = 1n << 9n
const F_TOPOLOGY = 1n << 10n
const F_DISCARD = 1n << 13n
const F_WRITE_ZEROES = 1n << 14n

/** Requests at once. Each holds at most one piece of host memory; libuv has four threads for all. */
const MOST_REQUESTS = 16
const QUEUE_SIZE = 256
/** A page: the smallest write of the host's file systems. */
const PHYSICAL_BLOCK_EXPONENT = 3
const CONFIG_BYTES = 60

export class VirtioBlock implements DeviceModel {
  readonly name = 'the block device'
  readonly id = 2
  readonly features: bigint
  readonly queueSizes = [QUEUE_SIZE]
  readonly config: Uint8Array
  readonly counts: DiskCounts = {
    ...{reads: 0, readBytes: 0, writes: 0, writtenBytes: 0},
    ...{flushes: 0, discardedBytes: 0},
  }
  #settings: BlockSettings
  readonly #limiter: RateLimiter
  #inFlight = 0
  /** Requests of a driver that has reset are still under way at the disk. */
  #isDraining = false
  /** Requests may wait in the queue until one of those under way is done. */
  #holdsUp = false
  #onIdle: (() => void)[] = []
  #transport!: Transport

  /**
   * @param store a partial sector at its end is hidden from the guest
   * @param serial what the driver reads as the disk's ID, at most 20 characters
   */
  constructor(store: BlockStore, serial = 'hv', limits?: RateLimits) {
    const sectors = Math.floor(store.bytes / SECTOR)
    this.#limiter = new RateLimiter(limits)
    const onBytes = (bytes: number) => this.#limiter.charge(0, bytes)
    this.#settings = {store, sectors, serial, counts: this.counts, onBytes, isWriteThrough: true}
    this.features = F_SEG_MAX | F_BLOCK_SIZE | F_FLUSH | F_TOPOLOGY
    if (store.isReadOnly) this.features |= F_READ_ONLY
    else this.features |= F_WRITE_ZEROES | F_DISCARD
    this.config = configOf(sectors)
  }

  attach(transport: Transport): void {
    this.#transport = transport
  }

  start(features: bigint): void {
    this.#settings = {...this.#settings, isWriteThrough: (features & F_FLUSH) === 0n}
  }

  stop(): void {
    // A write that is under way must not land after one of the next driver.
    this.#isDraining = this.#inFlight > 0
  }

  get isIdle(): boolean {
    return this.#inFlight === 0
  }

  /** Calls it when the store has no request under way, which may be now: after a reset, the owner of its file may then close it. */
  whenIdle(act: () => void): void {
    if (this.isIdle) act()
    else this.#onIdle.push(act)
  }

  serve(queue: Queue): number | undefined {
    this.#holdsUp = this.#isDraining || this.#inFlight >= MOST_REQUESTS
    if (this.#holdsUp) return undefined
    // Before it is taken: a request that waits for its turn holds up neither a reset nor a snapshot.
    if (!this.#limiter.admits(queue.turns)) return undefined
    const chain = queue.next()
    if (chain === undefined) return undefined
    this.#limiter.charge(1, 0)
    if (isWhole(chain)) this.#begin(requestOf(chain), queue)
    else this.#transport.fail('a block request without a header or a status')
    return Math.min(chain.readableBytes + chain.writableBytes, PIECE_BYTES)
  }

  #begin(request: BlockRequest, queue: Queue): void {
    if (!answerNow(request, this.#settings)) void this.#answer(request, queue)
  }

  async #answer(request: BlockRequest, queue: Queue): Promise<void> {
    this.#inFlight++
    try {
      await answer(request, this.#settings)
    } finally {
      this.#inFlight--
      if (this.isIdle) this.#becomeIdle()
      // Not now: requests that need no disk would follow one another without end.
      if (this.#holdsUp) queue.turns.wakeLater()
    }
  }

  #becomeIdle(): void {
    this.#isDraining = false
    for (const act of this.#onIdle.splice(0)) act()
  }
}

function configOf(sectors: number): Uint8Array {
  const config = new DataView(new ArrayBuffer(CONFIG_BYTES))
  config.setBigUint64(0, BigInt(sectors), true)
  // Header and status take two descriptors of a chain.
  config.setUint32(12, QUEUE_SIZE - 2, true)
  config.setUint32(20, SECTOR, true)
  config.setUint8(24, PHYSICAL_BLOCK_EXPONENT)
  config.setUint16(26, 1 << PHYSICAL_BLOCK_EXPONENT, true)
  config.setUint32(28, PIECE_BYTES / SECTOR, true)
  // Discard, then write zeroes: the most sectors, one range, and the alignment, or that blocks may be given back.
  config.setUint32(36, MOST_RANGE_SECTORS, true)
  config.setUint32(40, 1, true)
  config.setUint32(44, 1 << PHYSICAL_BLOCK_EXPONENT, true)
  config.setUint32(48, MOST_RANGE_SECTORS, true)
  config.setUint32(52, 1, true)
  config.setUint8(56, 1)
  return new Uint8Array(config.buffer)
}
