// ptrace: the checks, in the order in which they are reported, followed by the proof.

import type {Check} from '../facts.ts'
import {checkConfinement} from './confinement.ts'
import {checkKernel} from './kernel.ts'
import {checkMemfd} from './memfd.ts'
import {checkNamespaces} from './namespaces.ts'
import {checkScope} from './scope.ts'
import {describeStop} from './stop-proof.ts'

const CHECKS: readonly Check[] = [checkKernel, checkScope, checkMemfd, checkConfinement, checkNamespaces]

export const checkPtrace: Check = (facts) => {
  const findings = CHECKS.flatMap((check) => check(facts))
  return [...findings, describeStop(facts, findings)]
}
