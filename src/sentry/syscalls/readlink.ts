// readlink(2), readlinkat(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EINVAL, ENOENT, Errno} from '../../abi/errno.ts'
import {S_IFLNK} from '../../abi/file-mode.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {locateTarget} from '../fd/path-argument.ts'

export const readlink: Syscall = (task, args) =>
  readLinkAt(task, AT_FDCWD, args.address(0), args.address(1), args.int32(2))

export const readlinkat: Syscall = (task, args) =>
  readLinkAt(task, args.int32(0), args.address(1), args.address(2), args.int32(3))

function readLinkAt(task: Task, dirfd: number, pathAddress: number, buffer: number, size: number): number {
  if (size <= 0) throw new Errno(EINVAL)
  // The empty path reads the link that an O_PATH | O_NOFOLLOW descriptor names.
  const empty = dirfd === AT_FDCWD ? 0 : AT_EMPTY_PATH
  const {inode} = locateTarget(task, dirfd, pathAddress, AT_SYMLINK_NOFOLLOW | empty)
  if (inode.kind !== S_IFLNK) throw new Errno(empty && isEmptyPath(task, pathAddress) ? ENOENT : EINVAL)

  const target = Buffer.from(inode.readlink(), 'latin1').subarray(0, size)
  task.memory.writeBytes(buffer, target)
  return target.length
}

function isEmptyPath(task: Task, pathAddress: number): boolean {
  return task.memory.readBytes(pathAddress, 1)[0] === 0
}
