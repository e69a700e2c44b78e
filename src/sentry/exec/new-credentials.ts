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
import {EPERM, Errno} from '../../abi/errno.ts'
import {S_ISGID, S_ISUID, S_IXGRP} from '../../abi/file-mode.ts'
import {PER_CLEAR_ON_SETID} from '../../abi/prctl.ts'
import {type FileCapabilities, parseFileCapabilities, XATTR_CAPABILITY} from '../../abi/xattr.ts'
import type {Location} from '../../vfs/location.ts'
import {type Credentials, SECBIT_KEEP_CAPS, SECBIT_NOROOT} from '../core/credentials.ts'
import type {Task} from '../core/task.ts'

export interface NewCredentials {
  readonly credentials: Credentials
  /** AT_SECURE: the program may do more than its user, who must not lead it by variables and the like. */
  readonly isSecure: boolean
  /** PR_GET_DUMPABLE. */
  readonly isDumpable: boolean
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

/**
 * @param file the program, or a script's interpreter
 * @throws Errno EPERM: it cannot have all the capabilities that its file says it needs
 */
export function newCredentials(old: Credentials, file: Location, hindrances: Hindrances): NewCredentials {
  const {ruid, rgid} = old
  const ids = hindrances.hasNoNewPrivileges || file.mount.nosuid ? {} : idsOf(file)
  let {euid = old.euid, egid = old.egid} = ids
  const isSetId = euid !== ruid || egid !== rgid
  const ofFile = capabilitiesOf(file)
  let {permitted, isEffective} = gainedOf(old, euid, ofFile)
  const mayGain = !hindrances.hasNoNewPrivileges && !hindrances.isShared
  if (!mayGain && (isSetId || !isSubset(permitted, old.permitted))) {
    if (hindrances.hasNoNewPrivileges || !hasCapability(old.capabilities, CAP_SETUID))
      [euid, egid] = [ruid, rgid]
    permitted = intersection(permitted, old.permitted)
  }

  const ambient = isSetId || ofFile !== undefined ? NO_CAPABILITIES : old.ambient
  permitted = union(permitted, ambient)
  const credentials = {
    ...old,
    ...{uid: euid, euid, suid: euid, gid: egid, egid, sgid: egid},
    ...{permitted, ambient, capabilities: isEffective ? permitted : ambient},
    securebits: old.securebits & ~SECBIT_KEEP_CAPS,
  }
  return {
    credentials,
    isDumpable: isDumpable(old, credentials),
    isSecure: isSetId || (ruid !== 0 && (isEffective || !isSubset(permitted, ambient))),
    clearedPersonality: ids.euid !== undefined || ids.egid !== undefined ? PER_CLEAR_ON_SETID : 0,
  }
}

/** Before the ambient ones. */
function gainedOf(
  {ruid, inheritable, bounding, securebits}: Credentials,
  euid: number,
  ofFile: FileCapabilities | undefined,
): {permitted: Capabilities; isEffective: boolean} {
  const isRoot = (ruid === 0 || euid === 0) && !(securebits & SECBIT_NOROOT)
  const permitted =
    ofFile === undefined
      ? NO_CAPABILITIES
      : union(intersection(bounding, ofFile.permitted), intersection(inheritable, ofFile.inheritable))
  const isEffective = ofFile?.isEffective === true
  // It knows nothing of capabilities, and takes for granted that it has them.
  if (isEffective && !isSubset(ofFile.permitted, permitted)) throw new Errno(EPERM)
  // To a user who is root only by the file's bit, its capabilities say how much of root that is.
  if (!isRoot || (ofFile !== undefined && euid === 0 && ruid !== 0)) return {permitted, isEffective}
  return {permitted: union(inheritable, bounding), isEffective: isEffective || euid === 0}
}

function capabilitiesOf({inode, mount}: Location): FileCapabilities | undefined {
  const value = mount.nosuid ? undefined : inode.extendedAttributes?.(false)?.get(XATTR_CAPABILITY)
  const found = value && parseFileCapabilities(value)
  return found?.root === 0 ? found : undefined
}

/** Whether others of the user may look into the program: it has no rights that its user and its caller lacked. */
function isDumpable(old: Credentials, next: Credentials): boolean {
  const {ruid, euid, rgid, egid, permitted} = next
  if (euid !== ruid || egid !== rgid || euid !== old.euid || egid !== old.egid) return false
  return isSubset(permitted, old.permitted)
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
