// Who may look into another process: ptrace(2), "Ptrace access mode checking", with PTRACE_MODE_ATTACH_REALCREDS.

import {CAP_SYS_PTRACE, hasCapability, isSubset} from '../abi/capability.ts'
import {isSubset as areSubset} from './pledge/promises.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

export function mayInspect(task: Task, target: Process): boolean {
  if (target === task.process) return true
  if (!isHeldAlike(task.process, target)) return false
  const {ruid, rgid, permitted, capabilities} = task.credentials
  if (hasCapability(capabilities, CAP_SYS_PTRACE)) return true
  const theirs = target.credentials
  const isSameUser = [theirs.ruid, theirs.euid, theirs.suid].every((uid) => uid === ruid)
  const isSameGroup = [theirs.rgid, theirs.egid, theirs.sgid].every((gid) => gid === rgid)
  return isSameUser && isSameGroup && target.isDumpable && isSubset(theirs.permitted, permitted)
}

/** What a restricted process takes from another, it might have been kept from: the other must be held to that, too, as Landlock has it. */
function isHeldAlike({veil, pledge}: Process, target: Process): boolean {
  if (veil?.inForce && !veil.isAs(target.veil)) return false
  if (pledge === undefined) return true
  return target.pledge !== undefined && areSubset(target.pledge.promises, pledge.promises)
}
