// Trace: one trace of a kernel's calls, set up by its options, that can be switched on and off while a guest runs.

import type {Kernel} from '../core/kernel.ts'
import {addTracer, removeTracer, type Tracer} from '../core/tracer.ts'
import {CallTracer, type TraceSink} from './call-tracer.ts'
import {eventSink} from './event-sink.ts'
import {TraceFilter} from './filter.ts'
import {LineSink} from './line-sink.ts'
import {LineWriter} from './line-writer.ts'
import type {TraceOptions} from './options.ts'
import {stampsOf} from './stamps.ts'
import {formatSummary, SummaryTracer} from './summary.ts'

export class Trace {
  readonly #kernel: Kernel
  readonly #writer: LineWriter
  readonly #tracers: Tracer[] = []
  readonly #summary: SummaryTracer | undefined
  #isOn = false

  /** It starts off. @throws HvError BAD_ARGUMENT */
  constructor(kernel: Kernel, options: TraceOptions) {
    this.#kernel = kernel
    const filter = new TraceFilter(options)
    this.#writer = new LineWriter(options.fd)
    if (options.summary !== 'only')
      this.#tracers.push(new CallTracer(sinkOf(options, this.#writer), filter, options))
    if (options.summary === undefined) return
    this.#summary = new SummaryTracer(filter, options.countsWaiting ?? false)
    // The last: its times are without the other's work.
    this.#tracers.push(this.#summary)
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** From the next call on. */
  start(): void {
    if (this.#isOn) return
    this.#isOn = true
    for (const tracer of this.#tracers) addTracer(this.#kernel, tracer)
  }

  stop(): void {
    if (!this.#isOn) return
    this.#isOn = false
    for (const tracer of this.#tracers) removeTracer(this.#kernel, tracer)
    this.#writer.flush()
  }

  /** Ends it, and writes what comes at the end. */
  close(): void {
    this.stop()
    if (this.#summary !== undefined) this.#writer.write(formatSummary(this.#summary.counts))
    this.#writer.end()
  }
}

function sinkOf(options: TraceOptions, writer: LineWriter): TraceSink {
  if (options.isJson) {
    return eventSink(
      (event) => writer.write(`${JSON.stringify(event)}\n`),
      () => writer.flush(),
    )
  }
  const stamps = stampsOf(options.clock, options.isRelative ?? false)
  return new LineSink(writer, {showsDurations: options.showsDurations ?? false, stamps})
}
