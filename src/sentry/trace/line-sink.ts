// LineSink: strace's lines, one for each system call, signal or end.

import {errnoName} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import type {Task} from '../core/task.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, Outcome, SignalRecord} from './call-record.ts'
import type {TraceSink} from './call-tracer.ts'
import {HIDDEN} from './kind.ts'
import type {LineWriter} from './line-writer.ts'
import {NO_STAMPS, type Stamps} from './stamps.ts'

/** strace's -a: the column of the equals sign, when the call is shorter. */
const RESULT_COLUMN = 40
const NS_PER_SECOND = 1e9
const TIME_DIGITS = 6

/**
 * Without the line's end.
 * @param lead what precedes the call, in the line or in its opening
 * @param opening how the call began, if that is already written
 * @returns `lead`, and what is not yet written
 */
export function formatCall(record: CallRecord, lead = '', opening = ''): string {
  const {name, args, outcome, durationNs} = record
  // The arguments were known in order, so the call begins as it was written.
  const rest =
    outcome.kind === 'unfinished' && opening !== ''
      ? ' <unfinished ...>)'
      : `${name}(${args.join(', ')})`.slice(opening.length)
  const call = lead + rest
  const time = durationNs === undefined ? '' : ` <${(durationNs / NS_PER_SECOND).toFixed(TIME_DIGITS)}>`
  return `${call.padEnd(RESULT_COLUMN - 1)} = ${formatOutcome(outcome)}${time}`
}

/**
 * The start of the line of a call that has only begun: its arguments up to the first that the kernel fills in.
 * @param args undefined for those filled in
 */
function formatOpening(name: string, args: readonly (string | undefined)[]): string {
  const unknown = args.indexOf(undefined)
  const known = (unknown < 0 ? args : args.slice(0, unknown)).filter((text) => text !== HIDDEN)
  return `${name}(${known.join(', ')}${unknown > 0 ? ', ' : ''}`
}

function formatOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'result':
      return outcome.text + noted(outcome.note)
    case 'error':
      return `-1 ${errnoName(outcome.code)} (${addon.errorText(outcome.code)})${noted(outcome.note)}`
    case 'interrupted':
      return `? ${outcome.name} (${outcome.text})`
    case 'unfinished':
    case 'detached':
      return '?'
  }
}

const noted = (note: string | undefined): string => (note === undefined ? '' : ` (${note})`)

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
