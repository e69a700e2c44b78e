// Who may look into another process: ptrace(2), "Ptrace access mode checking", with PTRACE_MODE_ATTACH_REALCREDS.

import {CAP_SYS_PTRACE, hasCapability, isSubset} from '../abi/capability.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

export function mayInspect(task: Task, target: Process): boolean {
  if (target === task.process) return true
  const {ruid, rgid, permitted, capabilities} = task.credentials
  if (hasCapability(capabilities, CAP_SYS_PTRACE)) return true
  const theirs = target.credentials
  const isSameUser = [theirs.ruid, theirs.euid, theirs.suid].every((uid) => uid === ruid)
  const isSameGroup = [theirs.rgid, theirs.egid, theirs.sgid].every((gid) => gid === rgid)
  return isSameUser && isSameGroup && target.isDumpable && isSubset(theirs.permitted, permitted)
}
