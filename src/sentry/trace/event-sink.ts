// eventSink: passes the records of a trace on as events.

import type {Tracer} from '../core/tracer.ts'
import {CallTracer, type TraceSink} from './call-tracer.ts'
import {callEvent, exitEvent, signalEvent, type TraceEvent} from './event.ts'
import {TraceFilter} from './filter.ts'
import type {Style, TraceFilters} from './options.ts'

/** @param flush called when nothing more may come for a while */
export function eventSink(take: (event: TraceEvent) => void, flush: () => void): TraceSink {
  return {
    asleep: flush,
    call: (_task, record) => take(callEvent(record)),
    signal: (_task, record) => take(signalEvent(record)),
    exit(record) {
      take(exitEvent(record))
      flush()
    },
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
  return new CallTracer(eventSink(take, flush), new TraceFilter(options), options)
}
