// getcwd(2): the system call, which counts the NUL and marks paths outside the root.

import {ENAMETOOLONG, ENOENT, ERANGE, Errno} from '../../abi/errno.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import {PATH_MAX} from '../../vfs/path-walk.ts'
import type {Syscall} from '../core/syscall.ts'

export const getcwd: Syscall = (task, args) => {
  const {path, removed, unreachable} = pathOf(task.fs.cwd, task.fs.root)
  if (removed) throw new Errno(ENOENT)
  const name = Buffer.from(`${unreachable ? '(unreachable)' : ''}${path}\0`, 'latin1')
  if (name.length > PATH_MAX) throw new Errno(ENAMETOOLONG)
  if (name.length > args.address(1)) throw new Errno(ERANGE)
  task.memory.writeBytes(args.address(0), name)
  return name.length
}
