// QueueSetup: what a driver writes about a queue, register by register, before it is ready.

import type {Queue} from './queue.ts'
import {Register} from './registers.ts'

const OFFSETS: readonly number[] = [
  Register.queueSize,
  Register.queueDescriptorsLow,
  Register.queueDescriptorsHigh,
  Register.queueDriverLow,
  Register.queueDriverHigh,
  Register.queueDeviceLow,
  Register.queueDeviceHigh,
]

export class QueueSetup {
  readonly queue: Queue
  readonly #values = new Map<number, number>()

  constructor(queue: Queue) {
    this.queue = queue
  }

  has(offset: number): boolean {
    return OFFSETS.includes(offset)
  }

  /** @param offset of one of its registers */
  set(offset: number, value: number): void {
    this.#values.set(offset, value)
  }

  reset(): void {
    this.#values.clear()
  }

  open(features: bigint): void {
    if (this.queue.isOpen) return
    const layout = {
      size: this.#get(Register.queueSize),
      descriptors: this.#address(Register.queueDescriptorsLow, Register.queueDescriptorsHigh),
      driver: this.#address(Register.queueDriverLow, Register.queueDriverHigh),
      device: this.#address(Register.queueDeviceLow, Register.queueDeviceHigh),
    }
    this.queue.open(layout, features)
  }

  #get(offset: number): number {
    return this.#values.get(offset) ?? 0
  }

  /** Exact below 2^53; no memory is above. */
  #address(low: number, high: number): number {
    return this.#get(high) * 2 ** 32 + this.#get(low)
  }
}
