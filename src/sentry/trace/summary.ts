// SummaryTracer: counts the calls, their errors and their time, and shows the counts as strace's table: -c.

import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Tracer} from '../core/tracer.ts'
import type {Outcome} from './call-record.ts'
import type {TraceFilter} from './filter.ts'
import {monotonicNs} from './stamps.ts'
import {nameOf} from './traced-call.ts'
import {unansweredRow} from './unanswered.ts'

/** The narrowest that a column gets: strace's. */
const WIDTHS = [6, 11, 11, 9, 9] as const
const NAME_WIDTH = 16
const NS_PER_US = 1000
const NS_PER_SECOND = 1e9
const SECONDS_DIGITS = 6
const HEADER = ['% time', 'seconds', 'usecs/call', 'calls', 'errors']

/** Lines with their ends; empty when nothing was counted. */
export function formatSummary(counts: readonly CallCount[]): string {
  if (counts.length === 0) return ''
  const sum = (field: 'calls' | 'errors' | 'timeNs'): number =>
    counts.reduce((total, count) => total + count[field], 0)
  const total = {name: 'total', calls: sum('calls'), errors: sum('errors'), timeNs: sum('timeNs')}
  const sorted = counts.toSorted((a, b) => b.timeNs - a.timeNs)
  const rows = sorted.map((count) => cellsOf(count, total.timeNs))
  const last = cellsOf(total, total.timeNs)
  const widths = WIDTHS.map((width, i) => Math.max(width, ...[...rows, last].map((cells) => cells[i].length)))
  const nameWidth = Math.max(NAME_WIDTH, ...counts.map(({name}) => name.length + 1))
  const rule = [...widths, nameWidth].map((width) => '-'.repeat(width)).join(' ')
  const line = (cells: readonly string[], name: string): string =>
    `${cells.map((cell, i) => cell.padStart(widths[i])).join(' ')} ${name}`
  const body = rows.map((cells, i) => line(cells, sorted[i].name))
  return [line(HEADER, 'syscall'), rule, ...body, rule, line(last, 'total'), ''].join('\n')
}

function cellsOf({calls, errors, timeNs}: CallCount, totalNs: number): string[] {
  const percent = totalNs === 0 ? 0 : (100 * timeNs) / totalNs
  return [
    percent.toFixed(2),
    (timeNs / NS_PER_SECOND).toFixed(SECONDS_DIGITS),
    String(Math.floor(timeNs / calls / NS_PER_US)),
    String(calls),
    errors === 0 ? '' : String(errors),
  ]
}

/** The totals of the calls of one name. */
export interface CallCount {
  readonly name: string
  calls: number
  errors: number
  timeNs: number
}

interface CountedCall {
  readonly count: CallCount
  startedNs: number
  /** How long the call worked before it slept; undefined while it has not slept. */
  workedNs: number | undefined
}

/** More than Linux has calls: beyond this, unknown numbers are counted together. */
const MAX_NAMES = 1024
const OTHERS = 'others'

export class SummaryTracer implements Tracer {
  readonly #filter: TraceFilter
  readonly #countsWaiting: boolean
  readonly #counts = new Map<string, CallCount>()
  readonly #begun = new Map<Task, CountedCall>()

  /** @param countsWaiting a call's time is the sentry's work for it; with this, also the time that it slept */
  constructor(filter: TraceFilter, countsWaiting: boolean) {
    this.#filter = filter
    this.#countsWaiting = countsWaiting
  }

  /** In the order of their first calls. */
  get counts(): readonly CallCount[] {
    return [...this.#counts.values()].filter(({calls}) => calls > 0)
  }

  enter(task: Task, answered: Row | undefined): void {
    const row = answered ?? unansweredRow(task.context.callNumber)
    if (!this.#filter.takesCall(row)) return
    const count = this.#countOf(nameOf(task, row))
    this.#begun.set(task, {count, startedNs: monotonicNs(), workedNs: undefined})
  }

  blocked(task: Task): void {
    const begun = this.#begun.get(task)
    if (begun !== undefined && !this.#countsWaiting) begun.workedNs = monotonicNs() - begun.startedNs
  }

  leave(task: Task, result: number | undefined): void {
    const begun = this.#begun.get(task)
    if (begun === undefined) return
    const {count, startedNs, workedNs} = begun
    this.#begun.delete(task)
    const kind = outcomeOf(task, result)
    if (!this.#filter.takesOutcome(kind)) return
    count.calls++
    count.timeNs += workedNs ?? monotonicNs() - startedNs
    if (kind !== 'result') count.errors++
  }

  signal(): void {}

  /** A call that never returns is not counted. */
  exited(): void {
    this.#begun.clear()
  }

  detached(): void {
    this.#begun.clear()
  }

  #countOf(name: string): CallCount {
    let count = this.#counts.get(name)
    if (count === undefined && this.#counts.size >= MAX_NAMES && name !== OTHERS) return this.#countOf(OTHERS)
    if (count === undefined) {
      count = {name, calls: 0, errors: 0, timeNs: 0}
      this.#counts.set(name, count)
    }
    return count
  }
}

function outcomeOf(task: Task, result: number | undefined): Outcome['kind'] {
  if (result === undefined) return task.signals.interrupted === undefined ? 'result' : 'interrupted'
  // No call returns these as an address or a count: man 2 intro, "RETURN VALUE"; asm-generic/errno.h.
  return result < 0 && result >= -4095 ? 'error' : 'result'
}
