// rename(2), renameat(2), renameat2(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {renamePath} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const rename: Syscall = (task, args) =>
  renameAt(task, AT_FDCWD, args.address(0), AT_FDCWD, args.address(1), 0)

export const renameat: Syscall = (task, args) =>
  renameAt(task, args.int32(0), args.address(1), args.int32(2), args.address(3), 0)

export const renameat2: Syscall = (task, args) =>
  renameAt(task, args.int32(0), args.address(1), args.int32(2), args.address(3), args.uint32(4))

function renameAt(
  task: Task,
  oldFd: number,
  oldAddress: number,
  newFd: number,
  newAddress: number,
  flags: number,
): number {
  const oldPath = readPath(task, oldAddress)
  const newPath = readPath(task, newAddress)
  const oldStart = startDirectory(task, oldFd, oldPath)
  const newStart = startDirectory(task, newFd, newPath)
  renamePath(pathContext(task), oldStart, oldPath, newStart, newPath, flags)
  return 0
}
