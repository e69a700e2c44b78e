// RemoteTrace: the owner's end of a sandbox's trace: who listens, and which requests are unanswered.

import type {HvError} from '../../errors.ts'
import type {TraceEvent} from '../../sentry/trace/event.ts'

export type TraceListener = (event: TraceEvent) => void

interface PendingRequest {
  /** Gets what comes after the answer; undefined: switches the trace off. */
  listener: TraceListener | undefined
  resolve: () => void
  reject: (error: HvError) => void
}

export class RemoteTrace {
  readonly #asked: PendingRequest[] = []
  #listener: TraceListener | undefined

  get isOn(): boolean {
    return this.#listener !== undefined
  }

  /** An answer is due. */
  get isAsked(): boolean {
    return this.#asked.length > 0
  }

  /** Notes a request that is on its way. Resolves when it is done, and all earlier events are delivered. */
  ask(listener: TraceListener | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#asked.push({listener, resolve, reject})
    })
  }

  answered(error: HvError | undefined): void {
    const asked = this.#asked.shift()
    if (error !== undefined) asked?.reject(error)
    else {
      this.#listener = asked?.listener
      asked?.resolve()
    }
  }

  fail(error: HvError): void {
    for (const {reject} of this.#asked.splice(0)) reject(error)
  }

  deliver(events: TraceEvent[]): void {
    for (const event of events) {
      try {
        this.#listener?.(event)
      } catch (error) {
        // An uncaught exception of this process, as from any event. The guest and the other events go on.
        setImmediate(() => {
          throw error
        })
      }
    }
  }
}
