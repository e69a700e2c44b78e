// A path argument: the byte string that the guest's pointer names, where its walk starts, and what it leads to.

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EBADF, ENOENT, ENOTDIR, EROFS, Errno} from '../../abi/errno.ts'
import type {ByteString, Credentials, Inode} from '../../vfs/file.ts'
import type {Location, Mount} from '../../vfs/location.ts'
import {INSPECT, type Intent} from '../../vfs/path-policy.ts'
import {PATH_MAX, type PathContext, resolve} from '../../vfs/path-walk.ts'
import {isReadOnly} from '../../vfs/permissions.ts'
import type {Task} from '../core/task.ts'
import {openFile} from './descriptor-argument.ts'

/** @throws Errno EFAULT, ENAMETOOLONG */
export function readPath(task: Task, address: number): ByteString {
  return task.memory.readCString(address, PATH_MAX)
}

export function pathContext(task: Task): PathContext {
  return {root: task.fs.root, credentials: task.credentials, policy: task.process.restrictions.pathPolicy}
}

/** The directory that a path of a *at call starts from; an absolute path needs none. @throws Errno ENOENT, EBADF, ENOTDIR */
export function startDirectory(task: Task, dirfd: number, path: ByteString): Location {
  if (path.length === 0) throw new Errno(ENOENT)
  if (dirfd === AT_FDCWD || path.charCodeAt(0) === SLASH) return task.fs.cwd
  const {location} = task.fds.description(dirfd)
  if (location === undefined) throw new Errno(ENOTDIR)
  return location
}

const SLASH = 0x2f

/** What a path leads to. @throws Errno as path resolution does */
export function locate(
  task: Task,
  dirfd: number,
  path: ByteString,
  follow: boolean,
  intent?: Intent,
  who?: Credentials,
): Location {
  const context = who === undefined ? pathContext(task) : {...pathContext(task), credentials: who}
  return resolve(context, startDirectory(task, dirfd, path), path, follow, intent)
}

/** An inode, and the mount it was reached through, if any: pipes and eventfds have none. */
export interface Target {
  readonly inode: Inode
  readonly mount: Mount | undefined
  readonly parent?: Location | undefined
  readonly name?: ByteString
}

/**
 * The object of a *at call: a path or, with AT_EMPTY_PATH and no path, the descriptor itself.
 * @param flags AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH count
 * @param who whose rights count on the way; absent: the caller's
 */
export function locateTarget(
  task: Task,
  dirfd: number,
  pathAddress: number,
  flags: number,
  intent = INSPECT,
  who?: Credentials,
): Target {
  const path = readPath(task, pathAddress)
  if (path.length > 0 || !(flags & AT_EMPTY_PATH)) {
    return locate(task, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), intent, who)
  }
  if (dirfd === AT_FDCWD) return task.fs.cwd
  return descriptorTarget(task, dirfd)
}

/** The object of fchmod, fchown and the like. @throws Errno EBADF, also for O_PATH descriptors */
export function openTarget(task: Task, fd: number): Target {
  openFile(task, fd)
  return descriptorTarget(task, fd)
}

/** @throws Errno EBADF */
export function descriptorTarget(task: Task, fd: number): Target {
  if (fd < 0) throw new Errno(EBADF)
  const {file, location} = task.fds.description(fd)
  return location ?? {inode: file.inode, mount: undefined}
}

/** @throws Errno EROFS */
export function checkMountWritable({mount, inode}: Target): void {
  if (mount !== undefined && isReadOnly({mount, inode})) throw new Errno(EROFS)
}
