// Requirements: from the `promises` column of the system call table to the promises that a call needs.

import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {byArguments} from './by-arguments.ts'
import {PROMISES, type PromiseName, type Promises} from './promises.ts'

/** One of these must be promised. */
export type Clause = readonly PromiseName[]

/** What a call needs: all of the clauses. */
export type Requirement =
  | {readonly kind: 'fixed'; readonly clauses: readonly Clause[]}
  | {readonly kind: 'by-arguments'; readonly clausesOf: (task: Task) => readonly Clause[]}

/** Allowed with any promises: calls that end a task, and calls that are refused anyway. */
const WITHOUT = ['always', 'refused']
const PATH_PROMISES: readonly PromiseName[] = ['rpath', 'wpath', 'cpath']

/**
 * The column's words: `a|b` is one of the two, `a b` is both; `always` and `refused` need nothing; any other word names
 * a function of by-arguments.ts. A row with a path leaves rpath, wpath and cpath to the walk, which alone knows where the
 * path leads, and for what purpose: see walk-policy.ts.
 */
export function requirementOf(row: Row): Requirement {
  const {promises} = row
  if (WITHOUT.includes(promises)) return {kind: 'fixed', clauses: []}
  const own = (clauses: readonly Clause[]) =>
    hasPath(row) ? clauses.filter((clause) => !isPathOnly(clause)) : clauses

  const function_ = byArguments[promises]
  if (function_ === undefined) return {kind: 'fixed', clauses: own(parseClauses(promises))}
  return {kind: 'by-arguments', clausesOf: (task) => own(parseClauses(function_(task, row)))}
}

/** The first clause that no promise fulfils. */
export function lackingClause(clauses: readonly Clause[], promises: Promises): Clause | undefined {
  return clauses.find((clause) => !clause.some((name) => promises.has(name)))
}

const parsed = new Map<string, readonly Clause[]>()

/** @throws TypeError for a word that is not a promise: a mistake in the table */
export function parseClauses(text: string): readonly Clause[] {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const clauses = text
    .split(' ')
    .filter(Boolean)
    .map((word) => word.split('|') as PromiseName[])
  const unknown = clauses.flat().find((name) => !PROMISES.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no promise ${unknown}`)
  parsed.set(text, clauses)
  return clauses
}

/** Whether one of its arguments is a path that it walks. */
export function hasPath({args}: Row): boolean {
  return args.split(' ').includes('path')
}

function isPathOnly(clause: Clause): boolean {
  return clause.every((name) => PATH_PROMISES.includes(name))
}
