// The proof of ptrace: a traced process makes a system call and is stopped at it, and this process answers.

import {EACCES, EAGAIN, ENOMEM, EPERM} from '../../abi/errno.ts'
import type {Facts} from '../facts.ts'
import type {Finding, FindingStatus} from '../finding.ts'
import {judge, REPORT_IT} from '../trap-proof.ts'

/** @param others the findings about ptrace: what they say forbids it, or may, is the fix */
export function describeStop({stop}: Facts, others: readonly Finding[]): Finding {
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
    mend: blamed ? `see ${blamed.join(' and ')}` : mendOf(stop.error),
  }
}

function mendOf({cause}: Error): string {
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
