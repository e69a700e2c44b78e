// Yama's scope: which processes may trace which. hv's guests ask to be traced, with PTRACE_TRACEME.

import {CAP_SYS_PTRACE} from '../../abi/capability.ts'
import {type Check, type Facts, tracesProcesses} from '../facts.ts'
import type {Finding} from '../finding.ts'
import {hasCapability} from '../process-rights.ts'

const PATH = '/proc/sys/kernel/yama/ptrace_scope'

/** Documentation/admin-guide/LSM/Yama.rst. */
const SCOPES: Record<string, string> = {
  '0': 'A user may trace all own processes.',
  '1': 'A process may be traced by its parent, which is what hv does.',
  '2': 'A process may be traced only by one with CAP_SYS_PTRACE over it',
  '3': 'No process may be traced, not even by root, until the next start.',
}

export const checkScope: Check = (facts) => {
  const subject = {id: 'ptrace-scope', title: 'Yama'}
  const value = facts.host.read(PATH)?.trim()
  const evidence = `${PATH}: ${value ?? 'absent'}`
  if (value === undefined && !facts.host.hasSysctls) {
    const detail = 'Whether it forbids to trace is not known.'
    return {...subject, status: 'info', detail, evidence: `${PATH}: not readable`}
  }
  if (value === undefined) {
    return {...subject, status: 'ok', detail: 'It is not in this kernel, and forbids nothing.', evidence}
  }
  return {...subject, ...judge(value, facts), evidence}
}

function judge(value: string, facts: Facts): Pick<Finding, 'status' | 'detail' | 'fix'> {
  const detail = SCOPES[value]
  if (detail === undefined) return {status: 'info', detail: 'It has a scope that hv does not know.'}
  if (value === '0' || value === '1') return {status: 'ok', detail}
  if (value === '2') return judgeCapability(detail, facts)
  if (tracesProcesses(facts)) return {status: 'ok', detail: `${detail} Yet hv can.`}
  const fix = 'set `kernel.yama.ptrace_scope = 1` in /etc/sysctl.d, and start the machine again'
  return {status: 'fail', detail, fix: onHost(fix, facts)}
}

/** The creator of a user namespace has all capabilities in it (man 7 user_namespaces): hv may trace a guest that gets one. */
function judgeCapability(detail: string, facts: Facts): Pick<Finding, 'status' | 'detail' | 'fix'> {
  if (hasCapability(facts.host, CAP_SYS_PTRACE)) return {status: 'ok', detail: `${detail}: hv has it.`}
  if (tracesProcesses(facts)) {
    return {status: 'ok', detail: `${detail}: hv has it in the user namespace that it makes for the guest.`}
  }
  const isContained = facts.surroundings.container !== null
  const fix = isContained
    ? 'start the container with `--cap-add SYS_PTRACE`'
    : 'allow it: `sudo sysctl kernel.yama.ptrace_scope=1`, or run hv as root'
  return {status: 'fail', detail: `${detail}, and hv does not have it.`, fix}
}

/** The setting is for the whole machine, and a container cannot change it. */
function onHost(fix: string, {surroundings}: Facts): string {
  return surroundings.container ? `on the host of this container: ${fix}` : fix
}
