// Who may look into another process: __ptrace_may_access in Linux (ptrace(2), "Ptrace access mode checking").

import {CAP_SYS_PTRACE, hasCapability, isSubset} from '../../abi/capability.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {isSubset as areSubset} from '../pledge/promises.ts'

/** PTRACE_MODE_ATTACH_REALCREDS: whether the task may take a descriptor of the process. */
export function mayInspect(task: Task, target: Process): boolean {
  const {ruid, rgid} = task.credentials
  return mayAccess(task, ruid, rgid, target, target.credentials)
}

/**
 * PTRACE_MODE_READ_FSCREDS: whether the task may see its memory, descriptors and environment in /proc.
 * @param owner the credentials of the thread that is looked at
 */
export function mayRead(task: Task, target: Process, owner: Credentials): boolean {
  const {uid, gid} = task.credentials
  return mayAccess(task, uid, gid, target, owner)
}

/** Own threads, dumpable processes of the same user that can do no more than the caller, or any with CAP_SYS_PTRACE. */
function mayAccess(
  {process, credentials: {permitted, capabilities}}: Task,
  uid: number,
  gid: number,
  target: Process,
  owner: Credentials,
): boolean {
  if (target === process) return true
  if (!isHeldAlike(process, target)) return false
  if (hasCapability(capabilities, CAP_SYS_PTRACE)) return true
  const isSameUser = [owner.ruid, owner.euid, owner.suid].every((id) => id === uid)
  const isSameGroup = [owner.rgid, owner.egid, owner.sgid].every((id) => id === gid)
  return isSameUser && isSameGroup && target.attributes.isDumpable && isSubset(owner.permitted, permitted)
}

/** A restricted process might take from another what it is kept from itself: the other must be restricted alike, as with Landlock. */
function isHeldAlike(process: Process, {restrictions: others}: Process): boolean {
  const {unveilRules, pledge} = process.restrictions
  if (unveilRules?.inForce && !unveilRules.isAs(others.unveilRules)) return false
  if (pledge === undefined) return true
  return others.pledge !== undefined && areSubset(others.pledge.promises, pledge.promises)
}
