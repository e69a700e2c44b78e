// chmod(2), fchmod(2), fchmodat(2), fchmodat2.

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {ATTRIBUTES} from '../../vfs/path-policy.ts'
import type {Syscall} from '../core/syscall.ts'
import {changeMode} from '../fd/change-attributes.ts'
import {locateTarget, openTarget} from '../fd/path-argument.ts'

export const chmod: Syscall = (task, args) =>
  changeMode(task, locateTarget(task, AT_FDCWD, args.address(0), 0, ATTRIBUTES), args.uint32(1))

export const fchmod: Syscall = (task, args) =>
  changeMode(task, openTarget(task, args.int32(0)), args.uint32(1))

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
