// chown(2), fchown(2), lchown(2), fchownat(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {ATTRIBUTES} from '../../vfs/path-policy.ts'
import type {Syscall} from '../core/syscall.ts'
import {changeOwner} from '../fd/change-attributes.ts'
import {locateTarget, openTarget} from '../fd/path-argument.ts'

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

export const fchown: Syscall = (task, args) =>
  changeOwner(task, openTarget(task, args.int32(0)), args.uint32(1), args.uint32(2))

export const fchownat: Syscall = (task, args) => {
  const flags = args.uint32(4)
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  const target = locateTarget(task, args.int32(0), args.address(1), flags, ATTRIBUTES)
  return changeOwner(task, target, args.uint32(2), args.uint32(3))
}
