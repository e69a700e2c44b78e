// unlink(2), unlinkat(2), rmdir(2).

import {AT_FDCWD, AT_REMOVEDIR} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {removeDirectory, unlinkPath} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const unlink: Syscall = (task, args) => unlinkAt(task, AT_FDCWD, args.address(0), 0)
export const rmdir: Syscall = (task, args) => unlinkAt(task, AT_FDCWD, args.address(0), AT_REMOVEDIR)
export const unlinkat: Syscall = (task, args) =>
  unlinkAt(task, args.int32(0), args.address(1), args.uint32(2))

function unlinkAt(task: Task, dirfd: number, pathAddress: number, flags: number): number {
  if (flags & ~AT_REMOVEDIR) throw new Errno(EINVAL)
  const path = readPath(task, pathAddress)
  const start = startDirectory(task, dirfd, path)
  if (flags & AT_REMOVEDIR) removeDirectory(pathContext(task), start, path)
  else unlinkPath(pathContext(task), start, path)
  return 0
}
