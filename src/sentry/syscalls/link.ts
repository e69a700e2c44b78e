// link(2), linkat(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW} from '../../abi/at-flags.ts'
import {CAP_DAC_READ_SEARCH} from '../../abi/capability.ts'
import {EINVAL, ENOENT, Errno, EXDEV} from '../../abi/errno.ts'
import type {Location} from '../../vfs/location.ts'
import {makeLink} from '../../vfs/names.ts'
import {requireCapability} from '../core/credentials.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {locate, pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

export const link: Syscall = (task, args) =>
  linkPaths(task, AT_FDCWD, args.address(0), AT_FDCWD, args.address(1), 0)

export const linkat: Syscall = (task, args) =>
  linkPaths(task, args.int32(0), args.address(1), args.int32(2), args.address(3), args.uint32(4))

function linkPaths(
  task: Task,
  oldFd: number,
  oldAddress: number,
  newFd: number,
  newAddress: number,
  flags: number,
): number {
  if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  const oldPath = readPath(task, oldAddress)
  const newPath = readPath(task, newAddress)
  const target = findTarget(task, oldFd, oldPath, flags)
  // A file in no tree is on no file system that could name it.
  if (target === undefined) throw new Errno(EXDEV)
  makeLink(pathContext(task), target, startDirectory(task, newFd, newPath), newPath)
  return 0
}

function findTarget(task: Task, oldFd: number, oldPath: string, flags: number): Location | undefined {
  if (oldPath.length > 0 || !(flags & AT_EMPTY_PATH)) {
    return locate(task, oldFd, oldPath, (flags & AT_SYMLINK_FOLLOW) !== 0)
  }
  if (oldFd === AT_FDCWD) return task.fs.cwd
  const {location, opener} = task.fds.description(oldFd)
  // A descriptor that was handed over must not become a name: the credentials are those of its opener, the same object.
  if (location !== undefined && opener !== task.credentials)
    requireCapability(task.credentials, CAP_DAC_READ_SEARCH, ENOENT)
  return location
}
