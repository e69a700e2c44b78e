// RateLimiter: token buckets of operations and bytes; a queue that has used them up is served again when they have filled.

import type {Turns} from '../virtio/turns.ts'

/**
 * What a machine's disk, or each direction of its network card, may do. Absent: as much as it can.
 * @see {@link KernelOptions}
 */
export interface RateLimits {
  /** Operations per second: a disk's requests, or frames. */
  iops?: number
  bytesPerSecond?: number
}

/** What may be saved up for a burst, in seconds of the rate: as QEMU's throttling has it. */
const BURST_S = 0.1
/** Timers take no longer times than 2^31 ms. */
const LONGEST_WAIT_MS = 1000

interface Bucket {
  readonly perSecond: number
  /** Below 0: an operation has taken more than there was. */
  level: number
}

export class RateLimiter {
  readonly #operations: Bucket
  readonly #bytes: Bucket
  readonly #isLimited: boolean
  #filledMs = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor({iops, bytesPerSecond}: RateLimits = {}) {
    this.#operations = bucket(iops)
    this.#bytes = bucket(bytesPerSecond)
    this.#isLimited = (iops ?? bytesPerSecond) !== undefined
  }

  /** Whether an operation may begin. If not, the queue is woken when it may. */
  admits(turns: Turns): boolean {
    if (!this.#isLimited) return true
    this.#fill()
    const waitMs = Math.max(waitMsOf(this.#operations), waitMsOf(this.#bytes))
    if (waitMs === 0) return true
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        turns.wake()
      },
      Math.min(waitMs, LONGEST_WAIT_MS),
    )
    // What waits does not keep a machine's process alive.
    this.#timer.unref()
    return false
  }

  charge(operations: number, bytes: number): void {
    this.#operations.level -= operations
    this.#bytes.level -= bytes
  }

  #fill(): void {
    const nowMs = performance.now()
    const seconds = (nowMs - this.#filledMs) / 1000
    // Without this, a level that has no limit would be no number.
    if (seconds === 0) return
    this.#filledMs = nowMs
    for (const each of [this.#operations, this.#bytes])
      each.level = Math.min(each.perSecond * BURST_S, each.level + each.perSecond * seconds)
  }
}

/** Those of a device's options. */
export const limitsOf = ({iops, bytesPerSecond}: RateLimits): RateLimits => ({iops, bytesPerSecond})

const bucket = (perSecond = Number.POSITIVE_INFINITY): Bucket => ({perSecond, level: perSecond * BURST_S})

const waitMsOf = ({level, perSecond}: Bucket): number =>
  level > 0 ? 0 : Math.ceil((-level / perSecond) * 1000) || 1
