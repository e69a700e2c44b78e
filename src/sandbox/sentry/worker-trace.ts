// WorkerTrace: the sandbox's trace, in its thread: switched by requests, also while a guest runs. Loaded when first wanted.

import type {Kernel} from '../../sentry/core/kernel.ts'
import {addTracer, removeTracer, type Tracer} from '../../sentry/core/tracer.ts'
import type {TraceRequest} from '../protocol/messages.ts'
import type {EventBatches} from './event-batches.ts'

type EventTracer = typeof import('../../sentry/trace/event-sink.ts')['eventTracer']

export class WorkerTrace {
  readonly #kernel: Kernel
  readonly #batches: EventBatches
  readonly #answer: (error: unknown) => void
  readonly #waiting: TraceRequest[] = []
  #eventTracer: EventTracer | undefined
  #tracer: Tracer | undefined

  /** @param answer called once for each request, in order, when it is done: with undefined, or with why it failed */
  constructor(kernel: Kernel, batches: EventBatches, answer: (error: unknown) => void) {
    this.#kernel = kernel
    this.#batches = batches
    this.#answer = answer
  }

  /** @returns false when only `catchUp` puts it into effect */
  request(request: TraceRequest): boolean {
    this.#waiting.push(request)
    if (this.#eventTracer === undefined) return false
    this.#work(this.#eventTracer)
    return true
  }

  /** Does what waits for the first tracer to be loaded; otherwise nothing. */
  async catchUp(): Promise<void> {
    if (this.#waiting.length === 0) return
    const {eventTracer} = await import('../../sentry/trace/event-sink.ts')
    this.#eventTracer = eventTracer
    this.#work(eventTracer)
  }

  #work(eventTracer: EventTracer): void {
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      try {
        this.#switch(request, eventTracer)
        this.#answer(undefined)
      } catch (error) {
        this.#answer(error)
      }
    }
  }

  #switch({options}: TraceRequest, eventTracer: EventTracer): void {
    const batches = this.#batches
    // Before the other ends: bad options leave it as it is.
    const next =
      options &&
      eventTracer(
        options,
        (event) => batches.take(event),
        () => batches.flush(),
      )
    if (this.#tracer !== undefined) removeTracer(this.#kernel, this.#tracer)
    batches.flush()
    this.#tracer = next
    if (next !== undefined) addTracer(this.#kernel, next)
  }
}
