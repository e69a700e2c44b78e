// EventSink: passes the records of a trace on as events.

import type {Task} from '../core/task.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'
import {callEvent, exitEvent, signalEvent, type TraceEvent} from './event.ts'
import type {TraceSink} from './trace-sink.ts'

export class EventSink implements TraceSink {
  readonly #take: (event: TraceEvent) => void
  readonly #flush: () => void

  /** @param flush called when nothing more may come for a while */
  constructor(take: (event: TraceEvent) => void, flush: () => void) {
    this.#take = take
    this.#flush = flush
  }

  asleep(_task: Task, _begun: BegunCall): void {
    this.#flush()
  }

  call(_task: Task, record: CallRecord): void {
    this.#take(callEvent(record))
  }

  signal(_task: Task, record: SignalRecord): void {
    this.#take(signalEvent(record))
  }

  exit(record: ExitRecord): void {
    this.#take(exitEvent(record))
    this.#flush()
  }
}
