// What execve(2) makes of a task's credentials: bprm_fill_uid and cap_bprm_creds_from_file of Linux. capabilities(7), credentials(7).

import {
  CAP_SETUID,
  type Capabilities,
  hasCapability,
  intersection,
  isSubset,
  NO_CAPABILITIES,
  union,
} from '../../abi/capability.ts'
import {S_ISGID, S_ISUID, S_IXGRP} from '../../abi/file-mode.ts'
import {PER_CLEAR_ON_SETID} from '../../abi/prctl.ts'
import type {Location} from '../../vfs/location.ts'
import {type Credentials, SECBIT_KEEP_CAPS, SECBIT_NOROOT} from '../core/credentials.ts'
import type {Task} from '../core/task.ts'

export interface NewCredentials {
  readonly credentials: Credentials
  /** AT_SECURE: the program may do more than its user, who must not lead it by variables and the like. */
  readonly isSecure: boolean
  /** Flags of personality(2) that the program does not keep. */
  readonly clearedPersonality: number
}

/** Why a program gets no rights that its caller did not have. */
export interface Hindrances {
  /** PR_SET_NO_NEW_PRIVS; also what else restricts a process for good. */
  readonly hasNoNewPrivileges: boolean
  /** Others share its directories, or trace it. */
  readonly isShared: boolean
}

export function hindrancesOf({process, fs, tracing}: Task): Hindrances {
  const {pledge, unveilRules} = process.restrictions
  const own = process.tasks.filter((task) => task.fs === fs).length
  return {
    hasNoNewPrivileges:
      process.attributes.hasNoNewPrivileges || pledge !== undefined || unveilRules !== undefined,
    isShared: fs.users > own || tracing !== undefined,
  }
}

/** @param file the program, or a script's interpreter */
export function newCredentials(old: Credentials, file: Location, hindrances: Hindrances): NewCredentials {
  const {ruid, rgid, inheritable, bounding} = old
  const ids = hindrances.hasNoNewPrivileges || file.mount.nosuid ? {} : idsOf(file)
  let {euid = old.euid, egid = old.egid} = ids
  const isSetId = euid !== ruid || egid !== rgid
  const isRoot = (ruid === 0 || euid === 0) && !(old.securebits & SECBIT_NOROOT)
  const isEffective = isRoot && euid === 0
  let permitted: Capabilities = isRoot ? union(inheritable, bounding) : NO_CAPABILITIES
  const mayGain = !hindrances.hasNoNewPrivileges && !hindrances.isShared
  if (!mayGain && (isSetId || !isSubset(permitted, old.permitted))) {
    if (hindrances.hasNoNewPrivileges || !hasCapability(old.capabilities, CAP_SETUID))
      [euid, egid] = [ruid, rgid]
    permitted = intersection(permitted, old.permitted)
  }

  const ambient = isSetId ? NO_CAPABILITIES : old.ambient
  permitted = union(permitted, ambient)
  return {
    credentials: {
      ...old,
      ...{uid: euid, euid, suid: euid, gid: egid, egid, sgid: egid},
      ...{permitted, ambient, capabilities: isEffective ? permitted : ambient},
      securebits: old.securebits & ~SECBIT_KEEP_CAPS,
    },
    isSecure: isSetId || (ruid !== 0 && (isEffective || !isSubset(permitted, ambient))),
    clearedPersonality: ids.euid !== undefined || ids.egid !== undefined ? PER_CLEAR_ON_SETID : 0,
  }
}

/** Whether others may look into a program that has just started: it has no rights that its user lacks. */
export function isDumpable({ruid, euid, rgid, egid}: Credentials): boolean {
  return euid === ruid && egid === rgid
}

/** Those of the file's owner and group that a program of it runs with. */
function idsOf({inode}: Location): {euid?: number; egid?: number} {
  const {mode, uid, gid} = inode.attributes()
  return {
    ...(mode & S_ISUID ? {euid: uid} : {}),
    // Without the group's leave to execute, the bit means something else.
    ...((mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) ? {egid: gid} : {}),
  }
}
