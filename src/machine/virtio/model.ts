// DeviceModel: what makes up a virtio device besides its transport: features, configuration, queues, and how it handles chains.

import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {Savable} from '../bus.ts'
import type {Queue} from './queue.ts'

/**
 * All that a device needs of the guest's memory. `view` and `views` throw HvError MEMORY_RANGE when a byte is no memory, or is memory that
 * the host cannot write: a driver may have a device write anywhere, and a store through a read-only mapping ends the process. Without
 * `discard`, a balloon gives nothing back.
 * @see {@link VirtioMmio}
 */
export type ViewOfMemory = Pick<GuestMemory, 'view' | 'views'> & Partial<Pick<GuestMemory, 'discard'>>

/**
 * The transport calls `attach` once, then repeatedly: `start` (the driver is ready), any number of `serve`, `stop` (the driver
 * resets or gives up the device, or has broken a ring). What is in flight at `stop` is dropped: its chains are no longer live. All that a
 * driver says is untrusted. docs/devices.md has a whole device.
 *
 * @example
 * const zeroes: DeviceModel = {
 *   ...{name: 'zeroes', id: 4, features: 0n, queueSizes: [8], config: new Uint8Array()},
 *   attach: ({queues}: VirtioTransport) => queues[0].turns.wakeLater(),
 *   serve(queue: VirtioQueue) {
 *     const chain: VirtioChain | undefined = queue.next()
 *     chain?.complete(chain.put(new Uint8Array(4096)))
 *     return chain && 4096
 *   },
 * }
 */
export interface DeviceModel extends Savable {
  /** For messages: `the block device`. */
  readonly name: string
  /** virtio 1.2, 5. */
  readonly id: number
  /** The device's own; the transport adds the rings' features. */
  readonly features: bigint
  /** The most descriptors of each queue: powers of two, at most 256. */
  readonly queueSizes: readonly number[]
  /** For a chain, in both directions together; a longer one is a broken ring. Default: the longest, 2^32 - 1. */
  readonly maxChainBytes?: number
  /** What the driver reads, little-endian, at most 256 bytes. After a change: {@link VirtioTransport.configChanged}. */
  readonly config: Uint8Array

  attach?(transport: Transport): void
  /** The driver stores 1, 2 or 4 bytes into the configuration. Default: that has no effect. */
  writeConfig?(offset: number, value: number): void
  /** @param features those that the driver has accepted */
  start?(features: bigint): void
  /**
   * A step of the queue's turns: the driver has put chains into it, or may have, or the model has woken it.
   * @returns how many bytes it took; undefined when there is nothing to do now
   */
  serve(queue: Queue, index: number): number | undefined
  stop?(): void
  /** False while a chain's work is under way that cannot be begun again. Such a device is not saved. */
  readonly isIdle?: boolean
  /** Calls it once the model is idle, which may be now. */
  whenIdle?(act: () => void): void
}

/** What a model is given of its transport. @see {@link DeviceModel} */
export interface Transport {
  /** Always the same objects; between `stop` and `start` they are empty. */
  readonly queues: readonly Queue[]
  /** The guest's. */
  readonly memory: ViewOfMemory
  /** Tells the driver that the configuration has changed. */
  configChanged(): void
  /** The driver broke the rules: the device stops, and needs a reset. */
  fail(reason: string): void
}
