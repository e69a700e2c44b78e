// SummaryTracer: counts the calls, their errors and their time: strace's -c.

import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Tracer} from '../core/tracer.ts'
import {monotonicNs} from '../time/host-clock.ts'
import type {Outcome} from './call-record.ts'
import type {TraceFilter} from './filter.ts'
import {nameOf} from './traced-call.ts'
import {unansweredRow} from './unanswered.ts'

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
    const outcome = outcomeOf(task, result)
    if (!this.#filter.takesOutcome(outcome)) return
    count.calls++
    count.timeNs += workedNs ?? monotonicNs() - startedNs
    if (outcome.kind !== 'result') count.errors++
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

/** Without texts, which a count does not need. */
function outcomeOf(task: Task, result: number | undefined): Outcome {
  if (result === undefined && task.signals.interrupted !== undefined) {
    return {kind: 'interrupted', name: '', text: ''}
  }
  // No call returns these as an address or a count: man 2 intro, "RETURN VALUE"; asm-generic/errno.h.
  return result !== undefined && result < 0 && result >= -4095
    ? {kind: 'error', code: -result}
    : {kind: 'result', value: result ?? 0, text: ''}
}
