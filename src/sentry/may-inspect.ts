// Who may look into another process: __ptrace_may_access in Linux (ptrace(2), "Ptrace access mode checking").

import {CAP_SYS_PTRACE, hasCapability, isSubset} from '../abi/capability.ts'
import type {Credentials} from './credentials.ts'
import {isSubset as areSubset} from './pledge/promises.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

/** PTRACE_MODE_ATTACH_REALCREDS: who may take a descriptor of it. */
export function mayInspect(task: Task, target: Process): boolean {
  const {ruid, rgid} = task.credentials
  return mayAccess(task, ruid, rgid, target, target.credentials)
}

/**
 * PTRACE_MODE_READ_FSCREDS: who may see its memory, descriptors and environment in /proc.
 * @param owner the credentials of the thread that is looked at
 */
export function mayRead(task: Task, target: Process, owner: Credentials): boolean {
  const {uid, gid} = task.credentials
  return mayAccess(task, uid, gid, target, owner)
}

/** Its own threads, a user's processes that are dumpable and can do no more than the caller, or who has CAP_SYS_PTRACE. */
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
  return isSameUser && isSameGroup && target.isDumpable && isSubset(owner.permitted, permitted)
}

/** What a restricted process takes from another, it might have been kept from: the other must be held to that, too, as Landlock has it. */
function isHeldAlike({veil, pledge}: Process, target: Process): boolean {
  if (veil?.inForce && !veil.isAs(target.veil)) return false
  if (pledge === undefined) return true
  return target.pledge !== undefined && areSubset(target.pledge.promises, pledge.promises)
}
