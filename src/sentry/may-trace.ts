// mayTrace: who may see a process's memory, descriptors and environment: __ptrace_may_access in Linux (man 2 ptrace).

import {CAP_SYS_PTRACE, type Capabilities, hasCapability} from '../abi/capability.ts'
import type {Credentials} from './credentials.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

/** Its own threads, a user's processes that are dumpable and can do no more than the caller, or who has CAP_SYS_PTRACE. */
export function mayTrace({process, credentials: caller}: Task, target: Process, owner: Credentials): boolean {
  if (process === target || hasCapability(caller.capabilities, CAP_SYS_PTRACE)) return true
  const {uid, gid} = caller
  const isOwn = [owner.ruid, owner.euid, owner.suid].every((id) => id === uid)
  const isOfGroup = [owner.rgid, owner.egid, owner.sgid].every((id) => id === gid)
  return isOwn && isOfGroup && target.isDumpable && isWithin(owner.permitted, caller.permitted)
}

function isWithin(few: Capabilities, many: Capabilities): boolean {
  return (BigInt(few) & ~BigInt(many)) === 0n
}
