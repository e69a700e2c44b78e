// mknod(2), mknodat(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {makeNode} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const mknod: Syscall = (task, args) =>
  mknodAt(task, AT_FDCWD, args.address(0), args.uint32(1), args.uint32(2))

export const mknodat: Syscall = (task, args) =>
  mknodAt(task, args.int32(0), args.address(1), args.uint32(2), args.uint32(3))

function mknodAt(task: Task, dirfd: number, pathAddress: number, mode: number, rdev: number): number {
  const kind = mode & S_IFMT
  if (kind === S_IFDIR) throw new Errno(EPERM)
  if (!KINDS.includes(kind)) throw new Errno(EINVAL)
  const path = readPath(task, pathAddress)
  const start = startDirectory(task, dirfd, path)
  makeNode(pathContext(task), start, path, kind | (mode & 0o7777 & ~task.fs.umask), rdev)
  return 0
}

const KINDS = [0, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK]
