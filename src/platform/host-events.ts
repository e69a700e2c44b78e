// HostEvents: what a platform waits for besides its contexts: watched host descriptors and the deadline.

import {addon} from '../addon.ts'
import type {NativeWatcher} from './addon.ts'
import {EVENT_DEADLINE, EVENT_READY, type EventKind} from './platform.ts'

const MAX_READY = 64

export class HostEvents {
  readonly watcher: NativeWatcher = new addon.Watcher()
  /** One word: nonzero when `poll` has something. Setting it also kicks the context that runs: no need of Atomics. */
  readonly attention = new Int32Array(this.watcher.attention)
  /** For the watcher: pairs of descriptor and events. */
  readonly buffer = new Int32Array(2 * MAX_READY)
  /** After EVENT_READY. */
  ready: ReadonlyArray<readonly [fd: number, events: number]> = []
  #deadlineNs = Number.POSITIVE_INFINITY

  setDeadline(deadlineNs: number): void {
    if (deadlineNs === this.#deadlineNs) return
    this.watcher.setDeadline(deadlineNs)
    this.#deadlineNs = deadlineNs
  }

  /** What is ready now; 0: nothing. */
  poll(): EventKind {
    return this.collect(this.watcher.poll(this.buffer, false))
  }

  /** Sleeps until something is ready; 0: nothing after all. */
  sleep(): EventKind {
    return this.collect(this.watcher.poll(this.buffer, true))
  }

  /** The event for the first `count` pairs of the buffer. */
  collect(count: number): EventKind {
    const ready: [number, number][] = []
    let deadline = false
    for (let i = 0; i < count; i++) {
      if (this.buffer[2 * i] < 0) deadline = true
      else ready.push([this.buffer[2 * i], this.buffer[2 * i + 1]])
    }
    this.ready = ready
    if (ready.length > 0) return EVENT_READY
    return deadline ? EVENT_DEADLINE : 0
  }

  watch(fd: number, events: number): void {
    this.watcher.watch(fd, events)
  }

  dispose(): void {
    this.watcher.dispose()
  }
}
