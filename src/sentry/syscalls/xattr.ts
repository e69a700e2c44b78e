// The extended attribute calls (man 7 xattr), over file systems that have none.

import {AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {E2BIG, EINVAL, EOPNOTSUPP, ERANGE, Errno} from '../../abi/errno.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {locateTarget, openTarget} from '../fd/path-argument.ts'

const XATTR_NAME_MAX = 255
const XATTR_SIZE_MAX = 65536
/** XATTR_CREATE | XATTR_REPLACE. */
const XATTR_FLAGS = 3

/** Finds the object of the call, so that a bad path or descriptor is reported first. */
type Find = (task: Task, args: Arguments) => void

const byPath: Find = (task, args) => void locateTarget(task, AT_FDCWD, args.address(0), 0)
const byLink: Find = (task, args) => void locateTarget(task, AT_FDCWD, args.address(0), AT_SYMLINK_NOFOLLOW)
const byDescriptor: Find = (task, args) => void openTarget(task, args.int32(0))

export const setxattr = set(byPath)
export const lsetxattr = set(byLink)
export const fsetxattr = set(byDescriptor)
export const getxattr = refuseName(byPath)
export const lgetxattr = refuseName(byLink)
export const fgetxattr = refuseName(byDescriptor)
export const removexattr = refuseName(byPath)
export const lremovexattr = refuseName(byLink)
export const fremovexattr = refuseName(byDescriptor)
export const listxattr = list(byPath)
export const llistxattr = list(byLink)
export const flistxattr = list(byDescriptor)

function set(find: Find): Syscall {
  return (task, args) => {
    if (args.uint32(4) & ~XATTR_FLAGS) throw new Errno(EINVAL)
    readName(task, args.address(1))
    if (args.address(3) > XATTR_SIZE_MAX) throw new Errno(E2BIG)
    find(task, args)
    throw new Errno(EOPNOTSUPP)
  }
}

function refuseName(find: Find): Syscall {
  return (task, args) => {
    readName(task, args.address(1))
    find(task, args)
    throw new Errno(EOPNOTSUPP)
  }
}

/** There are none to list. */
function list(find: Find): Syscall {
  return (task, args) => {
    find(task, args)
    return 0
  }
}

/** @throws Errno EFAULT, ERANGE (an empty or a long name) */
function readName(task: Task, address: number): void {
  let length = 0
  while (length <= XATTR_NAME_MAX && task.memory.readUint8(address + length) !== 0) length++
  if (length === 0 || length > XATTR_NAME_MAX) throw new Errno(ERANGE)
}
