// chmod(2), fchmod(2), fchmodat(2), fchmodat2.

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {CAP_FSETID, hasCapability} from '../../abi/capability.ts'
import {EINVAL, EOPNOTSUPP, EPERM, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFLNK, S_ISGID} from '../../abi/file-mode.ts'
import {IN_ATTRIB} from '../../abi/inotify.ts'
import {ATTRIBUTES} from '../../vfs/path-policy.ts'
import {isMember, ownsInode} from '../../vfs/permissions.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {checkMountWritable, descriptorTarget, locateTarget, type Target} from '../fd/path-argument.ts'

export const chmod: Syscall = (task, args) =>
  changeMode(task, locateTarget(task, AT_FDCWD, args.address(0), 0, ATTRIBUTES), args.uint32(1))

export const fchmod: Syscall = (task, args) => {
  openFile(task, args.int32(0))
  return changeMode(task, descriptorTarget(task, args.int32(0)), args.uint32(1))
}

export const fchmodat: Syscall = (task, args) =>
  changeMode(task, locateTarget(task, args.int32(0), args.address(1), 0, ATTRIBUTES), args.uint32(2))

export const fchmodat2: Syscall = (task, args) => {
  const flags = args.uint32(3)
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  return changeMode(
    task,
    locateTarget(task, args.int32(0), args.address(1), flags, ATTRIBUTES),
    args.uint32(2),
  )
}

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
