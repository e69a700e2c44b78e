// Trace: one trace of a kernel's calls, set up by its options, that can be switched on and off while a guest runs.

import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Tracer} from '../core/tracer.ts'
import {CallTracer, type TraceSink} from './call-tracer.ts'
import {EventSink} from './event-sink.ts'
import {TraceFilter} from './filter.ts'
import {LineSink} from './line-sink.ts'
import {LineWriter} from './line-writer.ts'
import {styleOf, type TraceOptions} from './options.ts'
import {stampsOf} from './stamps.ts'
import {formatSummary, SummaryTracer} from './summary.ts'

export class Trace {
  readonly #kernel: Kernel
  readonly #writer: LineWriter
  readonly #tracer: Tracer
  readonly #summary: SummaryTracer | undefined

  /** It starts off. @throws HvError BAD_ARGUMENT */
  constructor(kernel: Kernel, options: TraceOptions) {
    this.#kernel = kernel
    const filter = new TraceFilter(options)
    this.#writer = new LineWriter(options.fd)
    const calls = (): Tracer => new CallTracer(sinkOf(options, this.#writer), filter, styleOf(options))
    if (options.summary === undefined) {
      this.#tracer = calls()
    } else {
      this.#summary = new SummaryTracer(filter, options.countsWaiting ?? false)
      this.#tracer = options.summary === 'only' ? this.#summary : new Both(calls(), this.#summary)
    }
  }

  get isOn(): boolean {
    return this.#kernel.tracer === this.#tracer
  }

  /** From the next call on. */
  start(): void {
    this.#kernel.tracer = this.#tracer
  }

  stop(): void {
    if (!this.isOn) return
    this.#kernel.tracer = undefined
    this.#tracer.detached()
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
    return new EventSink(
      (event) => writer.write(`${JSON.stringify(event)}\n`),
      () => writer.flush(),
    )
  }
  const stamps = stampsOf(options.clock, options.isRelative ?? false)
  return new LineSink(writer, {showsDurations: options.showsDurations ?? false, stamps})
}

/** strace's -C: both the calls and their counts. */
class Both implements Tracer {
  readonly #first: Tracer
  readonly #second: Tracer

  constructor(first: Tracer, second: Tracer) {
    this.#first = first
    this.#second = second
  }

  /** The counting one begins last and ends first: its times are without the other's work. */
  enter(task: Task, row: Row | undefined): void {
    this.#first.enter(task, row)
    this.#second.enter(task, row)
  }

  blocked(task: Task): void {
    this.#second.blocked(task)
    this.#first.blocked(task)
  }

  leave(task: Task, result: number | undefined): void {
    this.#second.leave(task, result)
    this.#first.leave(task, result)
  }

  signal(task: Task, signal: number, info: Uint8Array): void {
    this.#first.signal(task, signal, info)
    this.#second.signal(task, signal, info)
  }

  exited(process: Process): void {
    this.#first.exited(process)
    this.#second.exited(process)
  }

  detached(): void {
    this.#first.detached()
    this.#second.detached()
  }
}
