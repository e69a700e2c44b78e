// access(2), faccessat(2), faccessat2(2).

import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  R_OK,
  W_OK,
  X_OK,
} from '../../abi/at-flags.ts'
import {NO_CAPABILITIES} from '../../abi/capability.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {S_IFDIR, S_IFLNK, S_IFREG} from '../../abi/file-mode.ts'
import type {Credentials} from '../../vfs/file.ts'
import {INSPECT} from '../../vfs/path-policy.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {checkMountWritable, locateTarget} from '../fd/path-argument.ts'

export const access: Syscall = (task, args) => accessAt(task, AT_FDCWD, args.address(0), args.uint32(1), 0)

export const faccessat: Syscall = (task, args) =>
  accessAt(task, args.int32(0), args.address(1), args.uint32(2), 0)

export const faccessat2: Syscall = (task, args) =>
  accessAt(task, args.int32(0), args.address(1), args.uint32(2), args.uint32(3))

function accessAt(task: Task, dirfd: number, pathAddress: number, mode: number, flags: number): number {
  if (mode & ~(R_OK | W_OK | X_OK)) throw new Errno(EINVAL)
  if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  const who = flags & AT_EACCESS ? task.credentials : realCredentials(task)
  const target = locateTarget(task, dirfd, pathAddress, flags, INSPECT, who)
  if (mode === 0) return 0

  checkAccess(target.inode, mode, who)
  if (mode & W_OK && isOnDisk(target.inode.kind)) checkMountWritable(target)
  return 0
}

/** The question is about the real user, which a set-user-ID program wants to know about (man 2 access). */
function realCredentials(task: Task): Credentials {
  const {ruid, rgid, groups, uid, gid, permitted} = task.credentials
  if (ruid === uid && rgid === gid) return task.credentials
  return {uid: ruid, gid: rgid, groups, capabilities: ruid === 0 ? permitted : NO_CAPABILITIES}
}

function isOnDisk(kind: number): boolean {
  return kind === S_IFREG || kind === S_IFDIR || kind === S_IFLNK
}
