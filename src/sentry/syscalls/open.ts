// open(2), openat(2), creat(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {O_CREAT, O_TRUNC, O_WRONLY} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openPathAt} from '../fd/open-file.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

const {openFlags} = arch.kernelAbi

export const open: Syscall = (task, args) =>
  openAt(task, AT_FDCWD, args.address(0), openFlags(args.int32(1)), args.uint32(2))

export const openat: Syscall = (task, args) =>
  openAt(task, args.int32(0), args.address(1), openFlags(args.int32(2)), args.uint32(3))

export const creat: Syscall = (task, args) =>
  openAt(task, AT_FDCWD, args.address(0), O_CREAT | O_WRONLY | O_TRUNC, args.uint32(1))

function openAt(task: Task, dirfd: number, pathAddress: number, flags: number, mode: number): number {
  const path = readPath(task, pathAddress)
  const start = startDirectory(task, dirfd, path)
  const permissions = mode & 0o7777 & ~task.fs.umask
  return openPathAt(task, {walk: pathContext(task), start, path, flags, permissions})
}
