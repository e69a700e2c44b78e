// CallTracer: decodes the calls, signals and ends that a filter lets through, for a sink.

import {defaultAction, SIG_DFL, SIGKILL} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Tracer} from '../core/tracer.ts'
import {type BegunCall, CallDecoder} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'
import {TraceFilter} from './filter.ts'
import {signalName} from './names/signals.ts'
import type {Style} from './options.ts'
import {monotonicNs} from './stamps.ts'
import {showSiginfo} from './text/siginfo.ts'
import {unansweredRow} from './unanswered.ts'

export class CallTracer implements Tracer {
  readonly #decoder: CallDecoder
  readonly #sink: TraceSink
  readonly #filter: TraceFilter
  /** Calls under way. One that began before the trace was switched on is not among them, and is not shown. */
  readonly #begun = new Map<Task, BegunCall>()
  /** Tasks whose calls sleep. */
  readonly #asleep = new Set<Task>()

  constructor(sink: TraceSink, filter = new TraceFilter({}), style?: Partial<Style>) {
    this.#sink = sink
    this.#filter = filter
    this.#decoder = new CallDecoder(style)
  }

  enter(task: Task, answered: Row | undefined): void {
    const row = answered ?? unansweredRow(task.context.callNumber)
    if (this.#filter.takesCall(row)) this.#begun.set(task, this.#decoder.begin(task, row))
  }

  blocked(task: Task): void {
    const begun = this.#begun.get(task)
    if (begun === undefined) return
    this.#asleep.add(task)
    if (!this.#filter.waitsForOutcome) this.#sink.asleep(task, begun)
  }

  leave(task: Task, result: number | undefined): void {
    const begun = this.#take(task)
    if (begun !== undefined) this.#show(task, this.#decoder.end(begun, result))
  }

  signal(task: Task, signal: number, info: Uint8Array): void {
    // ptrace(2): SIGKILL makes no signal-delivery-stop: strace sees neither it nor the end of the wait.
    if (signal === SIGKILL) return
    this.#endInterrupted(task, signal)
    if (!this.#filter.takesSignal(signal)) return
    const record = {tid: task.tid, name: signalName(signal), info: showSiginfo(info), atNs: monotonicNs()}
    this.#sink.signal(task, record)
  }

  exited({pid, exit}: Process): void {
    for (const [task, begun] of this.#begun) {
      if (task.process.pid === pid) this.#abandon(task, begun, 'unfinished')
    }
    const {code = 0, signal} = exit ?? {}
    const how = signal === undefined ? {code} : {signal: signalName(signal)}
    this.#sink.exit({pid, ...how, atNs: monotonicNs()})
  }

  detached(): void {
    for (const [task, begun] of this.#begun) this.#abandon(task, begun, 'detached')
  }

  /** A signal that ends the process ends the call first: its wait or, if the signal punishes the call itself, all of it. */
  #endInterrupted(task: Task, signal: number): void {
    const begun = this.#begun.get(task)
    if (begun === undefined) return
    const action = defaultAction(signal)
    const isFatal =
      task.signals.process.action(signal).handler === SIG_DFL && (action === 'terminate' || action === 'core')
    if (!isFatal) return
    if (!this.#asleep.has(task)) {
      this.#abandon(task, begun, 'unfinished')
      return
    }
    this.#take(task)
    this.#show(task, this.#decoder.interrupt(begun, task.wait?.restart ?? 'never'))
  }

  #abandon(task: Task, begun: BegunCall, kind: 'unfinished' | 'detached'): void {
    this.#take(task)
    this.#show(task, this.#decoder.abandon(begun, kind))
  }

  #take(task: Task): BegunCall | undefined {
    const begun = this.#begun.get(task)
    this.#begun.delete(task)
    this.#asleep.delete(task)
    return begun
  }

  #show(task: Task, record: CallRecord): void {
    if (this.#filter.takesOutcome(record.outcome.kind)) this.#sink.call(task, record)
  }
}

export interface TraceSink {
  /** A call sleeps: a good time to show what is known of it, and what came before. */
  asleep(task: Task, begun: BegunCall): void
  call(task: Task, record: CallRecord): void
  signal(task: Task, record: SignalRecord): void
  exit(record: ExitRecord): void
}
