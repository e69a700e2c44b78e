// mkdir(2), mkdirat(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {makeDirectory} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const mkdir: Syscall = (task, args) => mkdirAt(task, AT_FDCWD, args.address(0), args.uint32(1))
export const mkdirat: Syscall = (task, args) => mkdirAt(task, args.int32(0), args.address(1), args.uint32(2))

function mkdirAt(task: Task, dirfd: number, pathAddress: number, mode: number): number {
  const path = readPath(task, pathAddress)
  makeDirectory(pathContext(task), startDirectory(task, dirfd, path), path, mode & 0o7777 & ~task.fs.umask)
  return 0
}
