// inotify_init(2), inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {EINVAL, ENOTDIR, Errno} from '../../abi/errno.ts'
import {MAY_READ, S_IFDIR} from '../../abi/file-mode.ts'
import {
  IN_ALL_EVENTS,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_ONLYDIR,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
} from '../../abi/inotify.ts'
import {O_CLOEXEC, O_NONBLOCK} from '../../abi/open-flags.ts'
import {READ} from '../../vfs/path-policy.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {InotifyDescription} from '../fd/inotify.ts'
import {locate, readPath} from '../fd/path-argument.ts'

const KNOWN_BITS =
  IN_ALL_EVENTS |
  (IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK) |
  (IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

export const inotifyInit: Syscall = (task) => init(task, 0)
export const inotifyInit1: Syscall = (task, args) => init(task, args.int32(0))

function init(task: Task, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) throw new Errno(EINVAL)
  const {vfs, budget, inotify} = task.kernel
  return task.fds.install(new InotifyDescription(vfs, flags & O_NONBLOCK, inotify, budget), flags)
}

export const inotifyAddWatch: Syscall = (task, args) => {
  const mask = args.uint32(2)
  if ((mask & KNOWN_BITS) === 0) throw new Errno(EINVAL)
  const file = openFile(task, args.int32(0))
  if (mask & IN_MASK_ADD && mask & IN_MASK_CREATE) throw new Errno(EINVAL)
  const inotify = inotifyFile(file)
  const path = readPath(task, args.address(1))
  const {inode} = locate(task, AT_FDCWD, path, !(mask & IN_DONT_FOLLOW), READ)
  if (mask & IN_ONLYDIR && inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  checkAccess(inode, MAY_READ, task.credentials)
  return inotify.watch(inode, mask)
}

export const inotifyRmWatch: Syscall = (task, args) => {
  inotifyFile(openFile(task, args.int32(0))).unwatch(args.int32(1))
  return 0
}

/** @throws Errno EINVAL */
function inotifyFile(file: unknown): InotifyDescription {
  if (!(file instanceof InotifyDescription)) throw new Errno(EINVAL)
  return file
}
