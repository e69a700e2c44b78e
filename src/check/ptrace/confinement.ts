// Whether a seccomp filter confines this process: a container's, a service's, a sandbox's.

import {type Check, type Facts, tracesProcesses} from '../facts.ts'
import type {Finding} from '../finding.ts'
import {type ProcessRights, rightsOf} from '../process-rights.ts'

/** The calls that hv makes and most programs do not: native/ptrace/start_stub.cc, stub.cc. */
const CALLS = 'clone, ptrace, memfd_create, execveat, seccomp'

export const checkConfinement: Check = (facts) => {
  const subject = {id: 'confinement', title: 'Confinement'}
  const rights = rightsOf(facts.host)
  if (!rights) {
    const detail = 'Whether a seccomp filter is on this process could not be read.'
    return [{...subject, status: 'info', detail, evidence: '/proc/self/status: not readable'}]
  }
  return [{...subject, ...judge(rights, facts), evidence: rights.evidence}]
}

function judge({isFiltered}: ProcessRights, facts: Facts): Pick<Finding, 'status' | 'detail' | 'mend'> {
  if (!isFiltered) return {status: 'ok', detail: 'No seccomp filter is on this process.'}
  if (tracesProcesses(facts)) {
    return {status: 'ok', detail: 'A seccomp filter is on this process, and lets hv trace.'}
  }
  return {
    status: 'warn',
    detail: 'A seccomp filter is on this process. It may be what forbids to trace.',
    mend: facts.surroundings.container
      ? `start the container with \`--cap-add SYS_PTRACE\`, or with a profile that allows ${CALLS}`
      : `let the filter allow ${CALLS} (a service: \`SystemCallFilter=\` of its unit)`,
  }
}
