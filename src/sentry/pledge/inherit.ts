// Restrictions that a new process inherits: all of them. From then on, each process tightens its own.

import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {applyPathPolicies} from './path-policies.ts'
import {PromisedPaths} from './promised-paths.ts'

/** But for the call table, with which the child began. */
export function inheritRestrictions(kernel: Kernel, parent: Process, child: Process): void {
  const {pledge, unveilRules} = parent
  child.execPromises = parent.execPromises
  child.recorder = parent.recorder
  if (pledge !== undefined)
    child.pledge = {...pledge, paths: new PromisedPaths(pledge.promises, child, kernel.rootMount.top)}
  child.unveilRules = unveilRules?.copy(child.budget)
  applyPathPolicies(child)
}
