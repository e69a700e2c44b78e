// symlink(2), symlinkat(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {ENOENT, Errno} from '../../abi/errno.ts'
import {makeSymlink} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const symlink: Syscall = (task, args) => symlinkPath(task, args.address(0), AT_FDCWD, args.address(1))

export const symlinkat: Syscall = (task, args) =>
  symlinkPath(task, args.address(0), args.int32(1), args.address(2))

function symlinkPath(task: Task, targetAddress: number, dirfd: number, pathAddress: number): number {
  const target = readPath(task, targetAddress)
  if (target === '') throw new Errno(ENOENT)
  const path = readPath(task, pathAddress)
  makeSymlink(pathContext(task), target, startDirectory(task, dirfd, path), path)
  return 0
}
