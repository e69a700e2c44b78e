// RemoteTrace: the owner's end of a sandbox's trace: who listens, and which requests are unanswered.

import type {HvError} from '../../errors.ts'
import type {TraceEvent} from '../../sentry/trace/event.ts'
import {callListener} from './call-listener.ts'
import {PendingRequests} from './pending-requests.ts'

/** Gets what comes after the answer; undefined: switches the trace off. */
export type TraceListener = ((event: TraceEvent) => void) | undefined

export class RemoteTrace {
  /** Resolved when they are done, and all earlier events are delivered. */
  readonly requests = new PendingRequests<TraceListener, void>()
  #listener: TraceListener

  get isOn(): boolean {
    return this.#listener !== undefined
  }

  answered(error: HvError | undefined): void {
    if (error !== undefined) this.requests.refused(error)
    else {
      this.#listener = this.requests.next
      this.requests.answered()
    }
  }

  deliver(events: TraceEvent[]): void {
    // A listener may switch the trace off.
    for (const event of events) if (this.#listener) callListener(this.#listener, event)
  }
}
