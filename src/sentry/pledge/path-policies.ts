// The policies that a process's paths are walked under: its pledge first, since that kills, then its unveil rules.

import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import type {Intent, PathPolicy} from '../../vfs/path-policy.ts'
import type {Resolution} from '../../vfs/path-walk.ts'
import type {Process} from '../core/process.ts'

/** Call when one of them has changed. */
export function applyPathPolicies(process: Process): void {
  const {recorder, pledge, unveilRules} = process
  const policies = [recorder, pledge?.paths, unveilRules?.inForce ? unveilRules : undefined].filter(
    (policy) => policy !== undefined,
  )
  process.pathPolicy = policies.length > 1 ? new PathPolicies(policies) : policies[0]
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
