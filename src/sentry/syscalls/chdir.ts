// chdir(2), fchdir(2), chroot(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {CAP_SYS_CHROOT} from '../../abi/capability.ts'
import {ENOTDIR, Errno} from '../../abi/errno.ts'
import {S_IFDIR} from '../../abi/file-mode.ts'
import type {Location} from '../../vfs/location.ts'
import {checkSearch} from '../../vfs/permissions.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {locate, readPath} from '../fd/path-argument.ts'

export const chdir: Syscall = (task, args) => {
  const path = readPath(task, args.address(0))
  task.fs.cwd = searchable(task, locate(task, AT_FDCWD, path, true))
  return 0
}

export const fchdir: Syscall = (task, args) => {
  const {location} = task.fds.description(args.int32(0))
  task.fs.cwd = searchable(task, location)
  return 0
}

export const chroot: Syscall = (task, args) => {
  const path = readPath(task, args.address(0))
  const root = searchable(task, locate(task, AT_FDCWD, path, true))
  requireCapability(task.credentials, CAP_SYS_CHROOT)
  task.fs.root = root
  return 0
}

function searchable(task: Task, location: Location | undefined): Location {
  if (location === undefined || location.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  checkSearch(location.inode, task.credentials)
  return location
}
