// Changing the mode and the owner of an inode: the rules of chmod(2) and chown(2).

import {CAP_CHOWN, CAP_FSETID, hasCapability} from '../../abi/capability.ts'
import {EOPNOTSUPP, EPERM, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR, S_IFLNK, S_ISGID} from '../../abi/file-mode.ts'
import {IN_ATTRIB} from '../../abi/inotify.ts'
import type {AttributeChanges} from '../../vfs/file.ts'
import {isMember, ownsInode} from '../../vfs/permissions.ts'
import {clearCapabilities, withoutSetId} from '../../vfs/set-id-bits.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Task} from '../core/task.ts'
import {checkMountWritable, type Target} from './path-argument.ts'

/** @throws Errno */
export function changeMode(
  {credentials: who}: Pick<Task, 'credentials'>,
  target: Target,
  mode: number,
): number {
  const {inode} = target
  checkMountWritable(target)
  const {uid, gid} = inode.attributes()
  if (!ownsInode(who, uid)) throw new Errno(EPERM)
  if (inode.kind === S_IFLNK) throw new Errno(EOPNOTSUPP)

  let permissions = mode & PERMISSION_BITS
  if (!isMember(gid, who) && !hasCapability(who.capabilities, CAP_FSETID)) permissions &= ~S_ISGID
  inode.setAttributes({mode: permissions})
  tellChange(inode, IN_ATTRIB, target)
  return 0
}

/** uid_t and gid_t -1: leave unchanged. */
const UNCHANGED = 0xffffffff

export function changeOwner(task: Task, target: Target, uid: number, gid: number): number {
  const {inode} = target
  const who = task.credentials
  checkMountWritable(target)
  const now = inode.attributes()
  if (!hasCapability(who.capabilities, CAP_CHOWN)) {
    if (uid !== UNCHANGED && (who.uid !== now.uid || uid !== now.uid)) throw new Errno(EPERM)
    if (gid !== UNCHANGED && (who.uid !== now.uid || !(gid === now.gid || isMember(gid, who)))) {
      throw new Errno(EPERM)
    }
  }

  const changes: AttributeChanges = {}
  if (uid !== UNCHANGED) changes.uid = uid
  if (gid !== UNCHANGED) changes.gid = gid
  const mode = now.mode & PERMISSION_BITS
  // A new owner must not inherit the rights that the old one gave.
  const kept = inode.kind === S_IFDIR ? mode : withoutSetId(who, mode, now.gid)
  if (kept !== mode) changes.mode = kept
  if (inode.kind !== S_IFDIR) clearCapabilities(inode)
  inode.setAttributes(changes)
  tellChange(inode, IN_ATTRIB, target)
  return 0
}
