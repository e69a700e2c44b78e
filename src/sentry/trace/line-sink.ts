// LineSink: strace's lines, one a system call, a signal or an end.

import type {Task} from '../task.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'
import {formatCall, formatOpening} from './format-line.ts'
import type {LineWriter} from './line-writer.ts'
import {NO_STAMPS, type Stamps} from './stamps.ts'
import type {TraceSink} from './trace-sink.ts'

export interface LineLayout {
  /** Behind each call how long it took: strace's -T. */
  readonly showsDurations: boolean
  /** In front of each line. */
  readonly stamps: Stamps
}

const PLAIN: LineLayout = {showsDurations: false, stamps: NO_STAMPS}
const PID_WIDTH = 5

export class LineSink implements TraceSink {
  readonly #writer: LineWriter
  readonly #layout: LineLayout
  /** Of sleeping calls: the line as it was written, and how much of it is the call. */
  readonly #openings = new Map<Task, {line: string; opening: string}>()
  /** Whose line is written in part, and waits for its end. */
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

  /** What stands in front of a line: whose it is, when there are several, and when it was. */
  #start({tid, kernel}: Task, atNs: number): string {
    // Init is one of them, and makes no calls.
    const whose = kernel.tasks.size > 2 ? `[pid ${String(tid).padStart(PID_WIDTH)}] ` : ''
    return whose + this.#layout.stamps(atNs)
  }

  /** Another line comes between a sleeping call's begin and its end. */
  #breakLine(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#writer.write(' <unfinished ...>\n')
  }
}

/** Behind `lead`, the end of a call whose beginning is written. */
function ending(record: CallRecord, lead: string, opening: string): string {
  return record.outcome.kind === 'detached' ? `${lead} <detached ...>` : formatCall(record, lead, opening)
}
