// EventBatches: a trace's events on their way to the sandbox's owner: several at once, and never more than a bound.
//
// A guest makes calls quicker than a listener takes them. What is under way is bounded, so the guest waits for the
// listener: a trace with holes would be worse than a slow one.

import type {Timer, TimerQueue, TimerTarget} from '../../sentry/time/timers.ts'
import type {TraceEvent} from '../../sentry/trace/event.ts'
import type {SentryPort} from './port.ts'

const BATCH_EVENTS = 256
/** Characters of the arguments' texts: a frame has its bounds. */
const BATCH_LENGTH = 1 << 20
const MOST_BATCHES = 8
/** How long an event waits for others, while the guest runs on without a call. */
const DELAY_NS = 20_000_000

export class EventBatches implements TimerTarget {
  readonly #port: SentryPort
  readonly #timers: TimerQueue
  readonly #shallStop: () => boolean
  #events: TraceEvent[] = []
  #length = 0
  #timer: Timer | undefined

  /** @param shallStop the guest is about to be killed: it no longer waits for its listener */
  constructor(port: SentryPort, timers: TimerQueue, shallStop: () => boolean) {
    this.#port = port
    this.#timers = timers
    this.#shallStop = shallStop
  }

  take(event: TraceEvent): void {
    this.#events.push(event)
    if (event.type === 'syscall') for (const text of event.args) this.#length += text.length
    if (this.#events.length >= BATCH_EVENTS || this.#length >= BATCH_LENGTH) this.flush()
    else this.#timer ??= this.#timers.after(DELAY_NS, this)
  }

  /** The first event has waited long enough. */
  expire(): void {
    this.flush()
  }

  flush(): void {
    this.#timers.cancel(this.#timer)
    this.#timer = undefined
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#length = 0
    this.#port.post({kind: 'events', events})
    // The guest, too, waits until the listener has caught up.
    while (this.#port.underWay >= MOST_BATCHES && !this.#shallStop()) this.#port.awaitTaking()
  }
}
