// Set-user-ID and set-group-ID end when an ordinary user changes the file: new content must not have the old one's rights.

import {CAP_FSETID, hasCapability} from '../abi/capability.ts'
import {PERMISSION_BITS, S_IFREG, S_ISGID, S_ISUID, S_IXGRP} from '../abi/file-mode.ts'
import {XATTR_CAPABILITY} from '../abi/xattr.ts'
import type {Credentials, Inode} from './file.ts'
import {isMember} from './permissions.ts'

/** Before each change of a file's content: anybody may have set the bits since the last one. */
export function clearSetId(who: Credentials, inode: Inode): void {
  clearCapabilities(inode)
  const mode = inode.modeInMemory()
  if (mode === undefined || !(mode & (S_ISUID | S_ISGID))) return
  if (inode.kind !== S_IFREG || hasCapability(who.capabilities, CAP_FSETID)) return
  const kept = withoutSetId(who, mode, inode.attributes().gid)
  if (kept !== mode) inode.setAttributes({mode: kept & PERMISSION_BITS})
}

/** Whoever changes the file or its owner, root included: security_inode_killpriv in Linux. */
export function clearCapabilities(inode: Inode): void {
  inode.extendedAttributes?.(false)?.delete(XATTR_CAPABILITY)
}

/** S_ISGID without S_IXGRP asks for mandatory locks: the group's members may leave it, and so may CAP_FSETID. */
export function withoutSetId(who: Credentials, mode: number, gid: number): number {
  const keepsGroup = !(mode & S_IXGRP) && (isMember(gid, who) || hasCapability(who.capabilities, CAP_FSETID))
  return mode & ~(keepsGroup ? S_ISUID : S_ISUID | S_ISGID)
}
