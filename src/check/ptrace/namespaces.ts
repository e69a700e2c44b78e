// The namespaces that only a guest's process is in. hv does without them where the host forbids them.

import {CAP_SYS_ADMIN} from '../../abi/capability.ts'
import {type Check, type Facts, tracesProcesses} from '../facts.ts'
import {hasCapability, rightsOf} from '../process-rights.ts'

/** man 7 user_namespaces, and additions by Debian's and Ubuntu's kernels. */
const MAXIMUM = '/proc/sys/user/max_user_namespaces'
const UNPRIVILEGED = '/proc/sys/kernel/unprivileged_userns_clone'
const APPARMOR = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns'

interface Reason {
  why: string
  fix?: string
}

export const checkNamespaces: Check = (facts) => {
  const own = tracesProcesses(facts) ? facts.stop?.proof?.namespaces : undefined
  const subject = {id: 'namespaces', title: 'Namespaces', status: 'info'} as const
  if (own === undefined) {
    if (!tracesProcesses(facts) || facts.host.hasSysctls) return []
    const detail = "Which a guest's process has of its own is not known."
    return {...subject, detail, evidence: '/proc/PID/ns: not readable'}
  }
  const links = '/proc/PID/ns of such a process, against /proc/self/ns'
  if (own.length > 0) {
    return {...subject, detail: `A guest's process has its own: ${own.join(', ')}.`, evidence: links}
  }
  const {why, fix} = reasonOf(facts)
  const detail = `A guest's process shares those of hv: ${why}. PTRACE_SYSEMU and a filter of its own keep it from the host all the same.`
  const settings = [MAXIMUM, UNPRIVILEGED, APPARMOR].map((path) => [path, facts.host.read(path)?.trim()])
  const evidence = [
    links,
    ...settings.filter(([, value]) => value).map(([path, value]) => `${path}: ${value}`),
  ]
  return {...subject, detail, evidence: evidence.join('; '), ...(fix && {fix: `if you want them: ${fix}`})}
}

function reasonOf({host, surroundings}: Facts): Reason {
  const is = (path: string, value: string): boolean => host.read(path)?.trim() === value
  if (!host.exists(MAXIMUM)) return {why: 'the kernel has no user namespaces'}
  if (is(MAXIMUM, '0')) {
    return {why: 'none may be made', fix: '`sudo sysctl user.max_user_namespaces=10000`'}
  }
  if (is(UNPRIVILEGED, '0') && !hasCapability(host, CAP_SYS_ADMIN)) {
    return {why: 'only root may make some', fix: '`sudo sysctl kernel.unprivileged_userns_clone=1`'}
  }
  if (is(APPARMOR, '1') && !hasCapability(host, CAP_SYS_ADMIN)) {
    return {
      why: 'AppArmor lets only programs with a profile make some',
      fix: 'give the Node binary a profile that has `userns,`',
    }
  }
  if (rightsOf(host)?.isFiltered) {
    const fix = 'start the container with a seccomp profile that allows clone with CLONE_NEWUSER'
    return {why: 'the seccomp filter on hv may forbid others', ...(surroundings.container && {fix})}
  }
  return {why: 'the host refused others'}
}
