// Pledge: what a process has promised, and the call table and the policy for its paths that enforce it.

import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {Intent} from '../../vfs/path-policy.ts'
import type {CallTable} from '../core/call-table.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import type {Row, Syscall} from '../core/syscall.ts'
import {BrokenPromise} from './broken-promise.ts'
import {grantsAt} from './grants.ts'
import type {Promises} from './promises.ts'
import {lackingClause, requirementOf} from './requirements.ts'
import {needsOf, WalkPolicy} from './walk-policy.ts'

export interface Pledge {
  readonly promises: Promises
  /** Made by pledge(), not from outside. */
  readonly byItself: boolean
  /** The call table without it: the next pledge replaces this one. */
  readonly beneath: CallTable
  readonly paths: PromisedPaths
}

/** From the process's next call on. Precondition: it promises no more than before. */
export function applyPledge(kernel: Kernel, process: Process, promises: Promises, byItself: boolean): void {
  const beneath = process.restrictions.pledge?.beneath ?? process.syscalls
  const paths = new PromisedPaths(promises, process, kernel.rootMount.top)
  process.restrictions.set({pledge: {promises, byItself, beneath, paths}})
  process.syscalls = beneath.change((row, run) => held(row, run, promises))
}

/** A call that is allowed with any arguments keeps its function. */
function held(row: Row, run: Syscall, promises: Promises): Syscall {
  const requirement = requirementOf(row)
  if (requirement.kind === 'fixed') {
    const lacking = lackingClause(requirement.clauses, promises)
    if (lacking === undefined) return run
    return () => {
      throw new BrokenPromise(lacking)
    }
  }
  return (task, args) => {
    const lacking = lackingClause(requirement.clausesOf(task), promises)
    if (lacking !== undefined) throw new BrokenPromise(lacking)
    return run(task, args)
  }
}

/** Checks that walks end where the promises allow, and for an allowed purpose; throws BrokenPromise. */
class PromisedPaths extends WalkPolicy {
  readonly #promises: Promises

  constructor(promises: Promises, process: Pick<Process, 'pid'>, top: Location) {
    super(process, top)
    this.#promises = promises
  }

  /** The same, for another process. */
  of(process: Pick<Process, 'pid'>): PromisedPaths {
    return new PromisedPaths(this.#promises, process, this.top)
  }

  protected override judge(intent: Intent, pathOf: () => ByteString | undefined): void {
    const needs = needsOf(intent)
    const lacking = needs.find((name) => !this.#promises.has(name))
    if (lacking === undefined) return
    const path = pathOf()
    const grants = path === undefined ? [] : grantsAt(path, needs, intent)
    if (!grants.some((name) => this.#promises.has(name))) throw new BrokenPromise([lacking])
  }
}
