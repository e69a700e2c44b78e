// EventSink: passes the records of a trace on as events.

import type {Task} from '../core/task.ts'
import type {Tracer} from '../core/tracer.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'
import {CallTracer, type TraceSink} from './call-tracer.ts'
import {callEvent, exitEvent, signalEvent, type TraceEvent} from './event.ts'
import {TraceFilter} from './filter.ts'
import {type Style, styleOf, type TraceFilters} from './options.ts'

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

/**
 * @param flush called when nothing more may come for a while
 * @throws HvError BAD_ARGUMENT
 */
export function eventTracer(
  options: TraceFilters & Partial<Style>,
  take: (event: TraceEvent) => void,
  flush: () => void,
): Tracer {
  return new CallTracer(new EventSink(take, flush), new TraceFilter(options), styleOf(options))
}
