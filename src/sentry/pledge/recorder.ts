// PromiseRecorder: records what promises a run needed, and suggests a set of which none can be left out.

import type {ByteString} from '../../vfs/file.ts'
import type {Intent} from '../../vfs/path-policy.ts'
import type {Row, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {grantsAt} from './grants.ts'
import {formatPromises, type PromiseName} from './promises.ts'
import {type Clause, requirementOf} from './requirements.ts'
import {needsOf, WalkPolicy} from './walk-policy.ts'

/** Any one of these sets is enough; the one that allows least comes first. */
type Choice = readonly (readonly PromiseName[])[]

export class PromiseRecorder extends WalkPolicy {
  /** By their texts: a run has the same ones again and again. */
  readonly #choices = new Map<string, Choice>()

  /** From the process's next call on. */
  constructor({process, kernel}: Task) {
    super(process, kernel.rootMount.top)
    process.syscalls = process.syscalls.change((row, run) => this.#recorded(row, run))
    process.restrictions.set({recorder: this})
  }

  /** In the form that `--pledge` takes. */
  suggestion(): string {
    const choices = [...this.#choices.values()]
    const chosen = new Set<PromiseName>()
    // Choices without alternatives first.
    for (const choice of choices.sort((a, b) => a.length - b.length)) {
      if (!isMet(choice, chosen)) for (const name of choice[0]) chosen.add(name)
    }
    for (const name of [...chosen]) {
      chosen.delete(name)
      if (!choices.every((choice) => isMet(choice, chosen))) chosen.add(name)
    }
    return formatPromises(chosen)
  }

  /** For a call under way, whatever its row says. */
  needs(clause: Clause): void {
    this.#noteClause(clause)
  }

  protected override judge(intent: Intent, pathOf: () => ByteString | undefined): void {
    const needs = needsOf(intent)
    if (needs.length === 0) return
    const path = pathOf()
    const grants = path === undefined ? [] : grantsAt(path, needs, intent)
    if (grants.length > 0) this.#note([...grants.map((name) => [name]), needs])
    else for (const name of needs) this.#noteClause([name])
  }

  #recorded(row: Row, run: Syscall): Syscall {
    const requirement = requirementOf(row)
    const clausesOf = requirement.kind === 'fixed' ? () => requirement.clauses : requirement.clausesOf
    return (task, args) => {
      for (const clause of clausesOf(task)) this.#noteClause(clause)
      return run(task, args)
    }
  }

  #noteClause(clause: Clause): void {
    this.#note(clause.map((name) => [name]))
  }

  #note(choice: Choice): void {
    const key = choice.map((names) => names.join(' ')).join('|')
    if (!this.#choices.has(key)) this.#choices.set(key, choice)
  }
}

function isMet(choice: Choice, promises: ReadonlySet<PromiseName>): boolean {
  return choice.some((names) => names.every((name) => promises.has(name)))
}
