// chown(2), fchown(2), lchown(2), fchownat(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {CAP_CHOWN, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFDIR} from '../../abi/file-mode.ts'
import {IN_ATTRIB} from '../../abi/inotify.ts'
import type {AttributeChanges} from '../../vfs/file.ts'
import {ATTRIBUTES} from '../../vfs/path-policy.ts'
import {isMember} from '../../vfs/permissions.ts'
import {withoutSetId} from '../../vfs/set-id-bits.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {checkMountWritable, descriptorTarget, locateTarget, type Target} from '../fd/path-argument.ts'

/** uid_t and gid_t -1: leave unchanged. */
const UNCHANGED = 0xffffffff

export const chown: Syscall = (task, args) =>
  changeOwner(
    task,
    locateTarget(task, AT_FDCWD, args.address(0), 0, ATTRIBUTES),
    args.uint32(1),
    args.uint32(2),
  )

export const lchown: Syscall = (task, args) => {
  const target = locateTarget(task, AT_FDCWD, args.address(0), AT_SYMLINK_NOFOLLOW, ATTRIBUTES)
  return changeOwner(task, target, args.uint32(1), args.uint32(2))
}

export const fchown: Syscall = (task, args) => {
  openFile(task, args.int32(0))
  return changeOwner(task, descriptorTarget(task, args.int32(0)), args.uint32(1), args.uint32(2))
}

export const fchownat: Syscall = (task, args) => {
  const flags = args.uint32(4)
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  const target = locateTarget(task, args.int32(0), args.address(1), flags, ATTRIBUTES)
  return changeOwner(task, target, args.uint32(2), args.uint32(3))
}

function changeOwner(task: Task, target: Target, uid: number, gid: number): number {
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
  inode.setAttributes(changes)
  tellChange(inode, IN_ATTRIB, target)
  return 0
}
