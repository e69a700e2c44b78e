// LineSink: strace's lines, one for each system call, signal or end.

import type {Task} from '../core/task.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'
import {formatCall, formatOpening} from './format-line.ts'
import type {LineWriter} from './line-writer.ts'
import {NO_STAMPS, type Stamps} from './stamps.ts'
import type {TraceSink} from './trace-sink.ts'

export interface LineLayout {
  /** After each call, how long it took: strace's -T. */
  readonly showsDurations: boolean
  /** Before each line. */
  readonly stamps: Stamps
}

const PLAIN: LineLayout = {showsDurations: false, stamps: NO_STAMPS}
const PID_WIDTH = 5

export class LineSink implements TraceSink {
  readonly #writer: LineWriter
  readonly #layout: LineLayout
  /** For sleeping calls: the line as written, and which part of it is the call. */
  readonly #openings = new Map<Task, {line: string; opening: string}>()
  /** The task whose line is partly written, and waits for its end. */
  #open: Task | undefined

  constructor(writer: LineWriter, layout: LineLayout = PLAIN) {
    this.#writer = writer
    this.#layout = layout
  }

  asleep(task: Task, begun: BegunCall): void {
    this.#breakLine()
    const opening = formatOpening(begun.call.name, begun.args)
    const line = this.#start(task, begun.startedNs) + opening
    this.#openings.set(task, {line, opening})
    this.#open = task
    this.#writer.write(line)
    this.#writer.flush()
  }

  call(task: Task, decoded: CallRecord): void {
    const record = this.#layout.showsDurations ? decoded : {...decoded, durationNs: undefined}
    const begun = this.#openings.get(task)
    this.#openings.delete(task)
    if (begun === undefined) {
      this.#breakLine()
      this.#writer.write(`${formatCall(record, this.#start(task, decoded.startedNs))}\n`)
    } else if (this.#open === task) {
      this.#open = undefined
      this.#writer.write(`${ending(record, begun.line, begun.opening).slice(begun.line.length)}\n`)
    } else {
      this.#breakLine()
      const endedNs = decoded.startedNs + (decoded.durationNs ?? 0)
      const lead = `${this.#start(task, endedNs)}<... ${record.name} resumed>`
      this.#writer.write(`${ending(record, lead, begun.opening)}\n`)
    }
  }

  signal(task: Task, {name, info, atNs}: SignalRecord): void {
    this.#breakLine()
    this.#writer.write(`${this.#start(task, atNs)}--- ${name} ${info} ---\n`)
    this.#writer.flush()
  }

  exit({code, signal, atNs}: ExitRecord): void {
    this.#breakLine()
    const how = signal === undefined ? `exited with ${code}` : `killed by ${signal}`
    this.#writer.write(`${this.#layout.stamps(atNs)}+++ ${how} +++\n`)
    this.#writer.flush()
  }

  /** The start of a line: the task, if there are several, and the time. */
  #start({tid, kernel}: Task, atNs: number): string {
    // Init is one of them, and makes no calls.
    const whose = kernel.tasks.size > 2 ? `[pid ${String(tid).padStart(PID_WIDTH)}] ` : ''
    return whose + this.#layout.stamps(atNs)
  }

  /** Another line comes between a sleeping call's start and its end. */
  #breakLine(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#writer.write(' <unfinished ...>\n')
  }
}

/** After `lead`, the end of a call whose start is already written. */
function ending(record: CallRecord, lead: string, opening: string): string {
  return record.outcome.kind === 'detached' ? `${lead} <detached ...>` : formatCall(record, lead, opening)
}
