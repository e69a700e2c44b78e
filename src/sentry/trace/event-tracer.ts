// eventTracer: a tracer that passes events on: a sandbox's.

import type {Tracer} from '../core/tracer.ts'
import {CallTracer} from './call-tracer.ts'
import type {TraceEvent} from './event.ts'
import {EventSink} from './event-sink.ts'
import {TraceFilter} from './filter.ts'
import type {TraceFilters} from './options.ts'
import {type Style, styleOf} from './style.ts'

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
