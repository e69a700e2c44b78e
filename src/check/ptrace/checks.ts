// ptrace: the checks, in the order in which they are reported, followed by the proof: a traced process is stopped at a system call.

import {EACCES, EAGAIN, ENOMEM, EPERM} from '../../abi/errno.ts'
import {type Check, type Facts, tracesProcesses} from '../facts.ts'
import type {Finding, FindingStatus} from '../finding.ts'
import {type ProcessRights, rightsOf} from '../process-rights.ts'
import {judge, REPORT_IT} from '../trap-proof.ts'
import {checkKernel} from './kernel.ts'
import {checkNamespaces} from './namespaces.ts'
import {checkScope} from './scope.ts'

/** The calls that hv makes and most programs do not: native/ptrace/start_stub.cc, stub.cc. */
const CALLS = 'clone, ptrace, memfd_create, execveat, seccomp'

/** Whether a seccomp filter confines this process: a container's, a service's, a sandbox's. */
const checkConfinement: Check = (facts) => {
  const subject = {id: 'confinement', title: 'Confinement'}
  const rights = rightsOf(facts.host)
  if (!rights) {
    const detail = 'Whether a seccomp filter is on this process could not be read.'
    return {...subject, status: 'info', detail, evidence: '/proc/self/status: not readable'}
  }
  return {...subject, ...judgeFilter(rights, facts), evidence: rights.evidence}
}

function judgeFilter({isFiltered}: ProcessRights, facts: Facts): Pick<Finding, 'status' | 'detail' | 'fix'> {
  if (!isFiltered) return {status: 'ok', detail: 'No seccomp filter is on this process.'}
  if (tracesProcesses(facts)) {
    return {status: 'ok', detail: 'A seccomp filter is on this process, and lets hv trace.'}
  }
  return {
    status: 'warn',
    detail: 'A seccomp filter is on this process. It may be what forbids to trace.',
    fix: facts.surroundings.container
      ? `start the container with \`--cap-add SYS_PTRACE\`, or with a profile that allows ${CALLS}`
      : `let the filter allow ${CALLS} (a service: \`SystemCallFilter=\` of its unit)`,
  }
}

/** Documentation/userspace-api/mfd_noexec.rst; since Linux 6.3. hv asks for MFD_EXEC, so 1 does not matter. */
const MEMFD_NOEXEC = '/proc/sys/vm/memfd_noexec'
const ENFORCED = '2'

/** Whether a memfd may be executed; a guest's process starts from one. */
const checkMemfd: Check = (facts) => {
  const value = facts.host.read(MEMFD_NOEXEC)?.trim()
  const subject = {id: 'memfd-exec', title: 'Executable memfd'}
  if (value === undefined) {
    if (facts.host.hasSysctls) return []
    const detail = 'Whether it is allowed is not known.'
    return {...subject, status: 'info', detail, evidence: `${MEMFD_NOEXEC}: not readable`}
  }
  const evidence = `${MEMFD_NOEXEC}: ${value}`
  if (value !== ENFORCED || tracesProcesses(facts)) {
    const detail = "It is allowed: a guest's process starts from one."
    return {...subject, status: 'ok', detail, evidence}
  }
  return {
    ...subject,
    status: 'fail',
    detail: "It is forbidden, and a guest's process starts from one.",
    evidence,
    fix: 'allow it: `sudo sysctl vm.memfd_noexec=1`, in each PID namespace from the first one down',
  }
}

const CHECKS: readonly Check[] = [checkKernel, checkScope, checkMemfd, checkConfinement, checkNamespaces]

export function checkPtrace(facts: Facts): Finding[] {
  const findings = CHECKS.flatMap((check) => check(facts))
  return [...findings, describeStop(facts, findings)]
}

/** @param others the findings about ptrace: what they say forbids it, or may, is the fix */
function describeStop({stop}: Facts, others: readonly Finding[]): Finding {
  const subject = {id: 'ptrace-proof', title: 'A real stop'}
  if (!stop) {
    return {...subject, status: 'info', detail: 'It was not tried.', evidence: 'no prover was given'}
  }
  if (stop.proof) {
    const evidence = 'a traced process made a system call'
    return {...subject, ...judge(stop.proof, 'by a stop of the process'), evidence}
  }
  const titlesOf = (status: FindingStatus): string[] =>
    others.filter((each) => each.status === status).map(({title}) => title)
  const blamed = [titlesOf('fail'), titlesOf('warn')].find((titles) => titles.length > 0)
  return {
    ...subject,
    status: 'fail',
    detail: `The guest did not run: ${stop.error.message}`,
    evidence: 'a process that this one was to trace',
    fix: blamed ? `see ${blamed.join(' and ')}` : fixOf(stop.error),
  }
}

function fixOf({cause}: Error): string {
  switch ((cause as {errno?: number} | undefined)?.errno) {
    case EPERM:
    case EACCES:
      return 'a security module (SELinux, AppArmor) or a seccomp filter denies it: look for it with `sudo dmesg | grep -i denied`'
    case EAGAIN:
      return 'raise the number of processes that are allowed: `ulimit -u`, and pids.max of the cgroup'
    case ENOMEM:
      return 'free memory'
    default:
      return REPORT_IT
  }
}
