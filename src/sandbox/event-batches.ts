// EventBatches: a trace's events on their way to the caller's thread: several at once, and never more than a bound.
//
// A guest makes calls quicker than a listener takes them. What is under way is bounded, so the guest waits for the
// listener: a trace with holes would be worse than a slow one.

import {monotonicNs} from '../sentry/host-clock.ts'
import type {TimerQueue} from '../sentry/timers.ts'
import type {TraceEvent} from '../sentry/trace/event.ts'

const BATCH_EVENTS = 256
const MOST_BATCHES = 8
/** How long an event waits for others, while the guest runs on without a call. */
const DELAY_NS = 20_000_000
/** How often one that waits looks whether it is to stop. */
const LOOK_MS = 100

export class EventBatches {
  readonly #post: (events: TraceEvent[]) => void
  readonly #timers: TimerQueue
  /** One Int32: batches that are posted and not taken yet. The other thread subtracts, and wakes this one. */
  readonly #underWay: Int32Array
  readonly #shallStop: () => boolean
  #events: TraceEvent[] = []
  #timer: ReturnType<TimerQueue['add']> | undefined

  /** @param shallStop the guest is about to be killed: nothing waits for its listener then */
  constructor(
    post: (events: TraceEvent[]) => void,
    timers: TimerQueue,
    underWay: Int32Array,
    shallStop: () => boolean,
  ) {
    this.#post = post
    this.#timers = timers
    this.#underWay = underWay
    this.#shallStop = shallStop
  }

  take(event: TraceEvent): void {
    this.#events.push(event)
    if (this.#events.length >= BATCH_EVENTS) this.flush()
    else this.#timer ??= this.#timers.add(monotonicNs() + DELAY_NS, () => this.flush())
  }

  flush(): void {
    if (this.#timer !== undefined) this.#timers.cancel(this.#timer)
    this.#timer = undefined
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    Atomics.add(this.#underWay, 0, 1)
    this.#post(events)
    this.#wait()
  }

  /** Blocks the thread, and with it the guest, until the listener has caught up. */
  #wait(): void {
    for (;;) {
      const count = Atomics.load(this.#underWay, 0)
      if (count < MOST_BATCHES || this.#shallStop()) return
      Atomics.wait(this.#underWay, 0, count, LOOK_MS)
    }
  }
}
