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
  /** How a sleeping call's line begins, as it was written. */
  readonly #openings = new Map<Task, string>()
  /** Whose line is written in part, and waits for its end. */
  #open: Task | undefined

  constructor(writer: LineWriter, layout: LineLayout = PLAIN) {
    this.#writer = writer
    this.#layout = layout
  }

  asleep(task: Task, begun: BegunCall): void {
    this.#breakLine()
    const opening = formatOpening(begun.call.name, begun.args)
    this.#openings.set(task, opening)
    this.#open = task
    this.#writer.write(this.#start(task, begun.startedNs) + opening)
    this.#writer.flush()
  }

  call(task: Task, record: CallRecord): void {
    const opening = this.#openings.get(task)
    this.#openings.delete(task)
    const line = formatCall(this.#layout.showsDurations ? record : {...record, durationNs: undefined})
    if (opening === undefined) {
      this.#breakLine()
      this.#writer.write(`${this.#start(task, record.startedNs)}${line}\n`)
      return
    }
    // The arguments were known in order, so the line begins as it was written.
    const rest = record.outcome.kind === 'detached' ? ' <detached ...>' : line.slice(opening.length)
    if (this.#open === task) this.#writer.write(`${rest}\n`)
    else {
      this.#breakLine()
      const endedNs = record.startedNs + (record.durationNs ?? 0)
      this.#writer.write(`${this.#start(task, endedNs)}<... ${record.name} resumed>${rest}\n`)
    }
    this.#open = undefined
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
    const whose = kernel.tasks.size > 1 ? `[pid ${String(tid).padStart(PID_WIDTH)}] ` : ''
    return whose + this.#layout.stamps(atNs)
  }

  /** Another line comes between a sleeping call's begin and its end. */
  #breakLine(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#writer.write(' <unfinished ...>\n')
  }
}
