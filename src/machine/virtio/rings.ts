// Rings: the words of a split virtqueue, each read and written once, and who wants to be told of what (virtio 1.2, 2.7.5 to 2.7.10).

import {BrokenRing, viewOf} from './broken-ring.ts'
import {wordsOf} from './descriptors.ts'
import type {ViewOfMemory} from './model.ts'
import {AVAIL_F_NO_INTERRUPT, DESCRIPTOR_BYTES, Register, USED_F_NO_NOTIFY} from './registers.ts'

/** What the driver says about a queue: guest physical addresses. */
export interface QueueLayout {
  /** Descriptors: a power of two. */
  readonly size: number
  readonly descriptors: number
  readonly driver: number
  readonly device: number
}

/** Indexes of 16-bit words in the ring of either side. */
const FLAGS = 0
const INDEX = 1
const RING = 2
/** In 16-bit words: an element of the used ring has 8 bytes. The event word follows the elements. */
const ELEMENT_WORDS = 4

/**
 * Both sides use these words while they race. Atomics make them sequentially consistent: what was stored in a chain is seen before
 * the index that hands it back, and what is read after an index was stored is not older than that.
 */
export class Rings {
  readonly size: number
  /** The table: four 32-bit words per descriptor. */
  readonly descriptors: Uint32Array
  readonly #available: Uint16Array
  readonly #used: Uint16Array
  readonly #usedElements: Uint32Array
  readonly #hasEventIndex: boolean
  #isSuppressed: boolean

  /** @throws BrokenRing */
  constructor(
    memory: ViewOfMemory,
    {size, descriptors, driver, device}: QueueLayout,
    hasEventIndex: boolean,
  ) {
    this.size = size
    this.#hasEventIndex = hasEventIndex
    this.descriptors = wordsOf(viewOf(memory, descriptors, size * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES))
    const available = viewOf(memory, driver, 6 + 2 * size, 2)
    const used = viewOf(memory, device, 6 + 8 * size, 4)
    this.#available = new Uint16Array(available.buffer, available.byteOffset, RING + size + 1)
    this.#used = new Uint16Array(used.buffer, used.byteOffset, RING + ELEMENT_WORDS * size + 1)
    // Set only in the rings of a machine that was saved.
    this.#isSuppressed = (this.#used[FLAGS] & USED_F_NO_NOTIFY) !== 0
    this.#usedElements = new Uint32Array(used.buffer, used.byteOffset + 2 * RING, 2 * size)
  }

  /** The memory is gone: its VM was disposed. */
  get isGone(): boolean {
    return this.#used.length === 0
  }

  /** Chains that the driver has ever offered: 16 bits. */
  get offered(): number {
    return Atomics.load(this.#available, INDEX)
  }

  /** @throws BrokenRing */
  headAt(index: number): number {
    const head = Atomics.load(this.#available, RING + (index % this.size))
    if (head < this.size) return head
    throw new BrokenRing(`descriptor ${head} was offered, of ${this.size}`)
  }

  /** The driver does not see it yet. @param index of the chain among all that were ever handed back: 16 bits */
  handBack(index: number, head: number, written: number): void {
    const slot = 2 * (index % this.size)
    this.#usedElements[slot] = head
    this.#usedElements[slot + 1] = written
  }

  /** @param index of the next chain to hand back: the driver sees those before it */
  showUsed(index: number): void {
    Atomics.store(this.#used, INDEX, index)
  }

  /** Whether the driver wants to be told that the used index moved from one value to the other (2.7.7.2, 2.7.10). */
  wantsInterrupt(from: number, to: number): boolean {
    if (!this.#hasEventIndex) return (Atomics.load(this.#available, FLAGS) & AVAIL_F_NO_INTERRUPT) === 0
    const event = Atomics.load(this.#available, RING + this.size)
    return ((to - event - 1) & 0xffff) < ((to - from) & 0xffff)
  }

  /** Used when the device will look at the ring anyway. With an event index it need not say so: the event is past. */
  suppressNotifications(): void {
    if (this.#hasEventIndex || this.#isSuppressed) return
    this.#isSuppressed = true
    Atomics.store(this.#used, FLAGS, USED_F_NO_NOTIFY)
  }

  /** Asks to be told of the chain after `taken`. Look at {@link offered} again afterwards. */
  askForNotification(taken: number): void {
    if (this.#hasEventIndex) {
      Atomics.store(this.#used, RING + ELEMENT_WORDS * this.size, taken)
    } else if (this.#isSuppressed) {
      this.#isSuppressed = false
      Atomics.store(this.#used, FLAGS, 0)
    }
  }
}

/** What a driver writes about a queue before it is ready. */
export const LAYOUT_REGISTERS: readonly number[] = [
  Register.queueSize,
  ...[Register.queueDescriptorsLow, Register.queueDescriptorsHigh],
  ...[Register.queueDriverLow, Register.queueDriverHigh],
  ...[Register.queueDeviceLow, Register.queueDeviceHigh],
]

/** @param setup what the driver has written, by register */
export function layoutOf(setup: ReadonlyMap<number, number>): QueueLayout {
  const get = (offset: number): number => setup.get(offset) ?? 0
  // Exact below 2^53; no memory is above.
  const address = (low: number): number => get(low + 4) * 2 ** 32 + get(low)
  return {
    size: get(Register.queueSize),
    descriptors: address(Register.queueDescriptorsLow),
    driver: address(Register.queueDriverLow),
    device: address(Register.queueDeviceLow),
  }
}
