// Restrictions: what a process has promised, which part of the tree it sees, and the policies for its path walks.

import type {Budget} from '../../vfs/budget.ts'
import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {Intent, PathPolicy} from '../../vfs/path-policy.ts'
import type {Resolution} from '../../vfs/path-walk.ts'
import type {Pledge} from './pledge.ts'
import type {Promises} from './promises.ts'
import type {PromiseRecorder} from './recorder.ts'
import type {UnveilRules} from './unveil-rules.ts'

/** The call table is the process's own: `Process.syscalls`. */
export class Restrictions {
  #pledge: Pledge | undefined
  #unveilRules: UnveilRules | undefined
  #recorder: PromiseRecorder | undefined
  #pathPolicy: PathPolicy | undefined
  /** Promised for the next program. */
  execPromises: Promises | undefined

  /** Absent until the process has promised something. */
  get pledge(): Pledge | undefined {
    return this.#pledge
  }

  set pledge(pledge: Pledge | undefined) {
    this.#pledge = pledge
    this.#combine()
  }

  /** Absent until something is unveiled. Set them again when they have changed. */
  get unveilRules(): UnveilRules | undefined {
    return this.#unveilRules
  }

  set unveilRules(rules: UnveilRules | undefined) {
    this.#unveilRules = rules
    this.#combine()
  }

  /** Notes what it needs. */
  get recorder(): PromiseRecorder | undefined {
    return this.#recorder
  }

  set recorder(recorder: PromiseRecorder | undefined) {
    this.#recorder = recorder
    this.#combine()
  }

  /** All of them. */
  get pathPolicy(): PathPolicy | undefined {
    return this.#pathPolicy
  }

  /** fork(2): from then on, each process tightens its own. @param budget the child's @throws Errno ENOMEM */
  copy(pid: number, budget: Budget): Restrictions {
    const copy = new Restrictions()
    const pledge = this.#pledge
    copy.execPromises = this.execPromises
    copy.#recorder = this.#recorder
    copy.#pledge = pledge && {...pledge, paths: pledge.paths.of({pid})}
    copy.#unveilRules = this.#unveilRules?.copy(budget)
    copy.#combine()
    return copy
  }

  /** The pledge comes first, since that kills. */
  #combine(): void {
    const rules = this.#unveilRules
    const policies = [this.#recorder, this.#pledge?.paths, rules?.inForce ? rules : undefined].filter(
      (policy) => policy !== undefined,
    )
    this.#pathPolicy = policies.length > 1 ? new PathPolicies(policies) : policies[0]
  }
}

class PathPolicies implements PathPolicy {
  readonly #policies: readonly PathPolicy[]

  constructor(policies: readonly PathPolicy[]) {
    this.#policies = policies
  }

  enter(directory: Location): void {
    for (const policy of this.#policies) policy.enter(directory)
  }

  reach(end: Resolution, intent: Intent): void {
    for (const policy of this.#policies) policy.reach(end, intent)
  }

  fail(directory: Location, rest: ByteString, intent: Intent): void {
    for (const policy of this.#policies) policy.fail(directory, rest, intent)
  }
}
