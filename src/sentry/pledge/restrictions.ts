// Restrictions: what a process has promised, which part of the tree it sees, and the policies for its path walks.

import type {Budget} from '../../vfs/budget.ts'
import type {PathPolicy} from '../../vfs/path-policy.ts'
import type {Pledge} from './pledge.ts'
import type {Promises} from './promises.ts'
import type {PromiseRecorder} from './recorder.ts'
import type {UnveilRules} from './unveil-rules.ts'

/** The call table is the process's own: `Process.syscalls`. */
export class Restrictions {
  /** Absent until the process has promised something. */
  readonly pledge: Pledge | undefined
  /** Absent until something is unveiled. */
  readonly unveilRules: UnveilRules | undefined
  /** Notes what it needs. */
  readonly recorder: PromiseRecorder | undefined
  /** Of all of them. */
  pathPolicy: PathPolicy | undefined
  /** Promised for the next program. */
  execPromises: Promises | undefined

  /** Call again for unveil rules that have come into force. */
  set(parts: Partial<Pick<Restrictions, 'pledge' | 'unveilRules' | 'recorder'>>): void {
    Object.assign(this, parts)
    const rules = this.unveilRules
    // The pledge comes before the rules, since that kills.
    const policies = [this.recorder, this.pledge?.paths, rules?.inForce ? rules : undefined].filter(
      (policy) => policy !== undefined,
    )
    this.pathPolicy = policies.length > 1 ? all(policies) : policies[0]
  }

  /** fork(2): from then on, each process tightens its own. @param budget the child's @throws Errno ENOMEM */
  copy(pid: number, budget: Budget): Restrictions {
    const {pledge, recorder} = this
    const copy = new Restrictions()
    copy.execPromises = this.execPromises
    copy.set({
      recorder,
      pledge: pledge && {...pledge, paths: pledge.paths.of({pid})},
      unveilRules: this.unveilRules?.copy(budget),
    })
    return copy
  }
}

function all(policies: readonly PathPolicy[]): PathPolicy {
  return {
    enter(directory) {
      for (const policy of policies) policy.enter(directory)
    },
    reach(end, intent) {
      for (const policy of policies) policy.reach(end, intent)
    },
    fail(directory, rest, intent) {
      for (const policy of policies) policy.fail(directory, rest, intent)
    },
  }
}
