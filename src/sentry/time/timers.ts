// TimerQueue: what happens at which monotonic time. The sentry's loop sleeps until the first entry.

import type {HostClock} from '../../vfs/host.ts'

/** Who acts when a deadline comes: an object, so that what waits in a kernel can be listed and saved. */
export interface TimerTarget {
  expire(): void
}

export interface Timer {
  readonly deadlineNs: number
  readonly target: TimerTarget
}

interface HeapEntry extends Timer {
  /** Of two with the same deadline, the older one comes first. */
  readonly number: number
  /** Index in the heap; -1: it is gone. */
  index: number
}

export class TimerQueue {
  /** A binary heap, the first at 0: all processes have their timers here, and a guest may set many for the same time. */
  readonly #heap: HeapEntry[] = []
  #count = 0
  readonly #clock: Pick<HostClock, 'monotonicNs'>

  constructor(clock: Pick<HostClock, 'monotonicNs'>) {
    this.#clock = clock
  }

  after(delayNs: number, target: TimerTarget): Timer {
    return this.add(this.#clock.monotonicNs() + delayNs, target)
  }

  /** @param deadlineNs CLOCK_MONOTONIC nanoseconds */
  add(deadlineNs: number, target: TimerTarget): Timer {
    const timer: HeapEntry = {deadlineNs, target, number: this.#count++, index: this.#heap.length}
    this.#heap.push(timer)
    this.#rise(timer)
    return timer
  }

  /** Cancelling a timer that is gone is no error. */
  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return
    const {index} = timer as HeapEntry
    if (index < 0) return
    ;(timer as HeapEntry).index = -1
    const last = this.#heap.pop()!
    if (last === timer) return
    this.#put(last, index)
    this.#rise(last)
    this.#sink(last)
  }

  /** Infinity when there is none. */
  get nextDeadlineNs(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0].deadlineNs
  }

  runExpired(nowNs: number): void {
    while (this.#heap.length > 0 && this.#heap[0].deadlineNs <= nowNs) {
      const first = this.#heap[0]
      this.cancel(first)
      first.target.expire()
    }
  }

  #rise(timer: HeapEntry): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >>> 1]
      if (isBefore(parent, timer)) return
      this.#swap(parent, timer)
    }
  }

  #sink(timer: HeapEntry): void {
    for (;;) {
      const left: HeapEntry | undefined = this.#heap[2 * timer.index + 1]
      const right: HeapEntry | undefined = this.#heap[2 * timer.index + 2]
      const child = right !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || isBefore(timer, child)) return
      this.#swap(timer, child)
    }
  }

  #swap(a: HeapEntry, b: HeapEntry): void {
    const {index} = a
    this.#put(a, b.index)
    this.#put(b, index)
  }

  #put(timer: HeapEntry, index: number): void {
    timer.index = index
    this.#heap[index] = timer
  }
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  return a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.number < b.number)
}
