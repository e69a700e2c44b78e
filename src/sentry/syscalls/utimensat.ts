// utimensat(2), futimesat(2), utimes(2), utime(2).

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EFAULT, EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {MAY_WRITE} from '../../abi/file-mode.ts'
import {IN_ACCESS, IN_ATTRIB, IN_MODIFY} from '../../abi/inotify.ts'
import {decodeTimespec, decodeTimeval, TIMESPEC_BYTES, UTIME_NOW, UTIME_OMIT} from '../../abi/time.ts'
import type {Time} from '../../vfs/file.ts'
import {ATTRIBUTES} from '../../vfs/path-policy.ts'
import {checkAccess, ownsInode} from '../../vfs/permissions.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {checkMountWritable, locateTarget, openTarget, type Target} from '../fd/path-argument.ts'

/** A moment, now, or unchanged. */
type TimeChange = Time | 'now' | 'omit'

export const utimensat: Syscall = (task, args) => {
  const dirfd = args.int32(0)
  const pathAddress = args.address(1)
  const timesAddress = args.address(2)
  const flags = args.uint32(3)
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) throw new Errno(EINVAL)
  const [atime, mtime] = timesAddress === 0 ? NOW : readTimespecs(task, timesAddress)
  // Linux does not even look at the path then.
  if (atime === 'omit' && mtime === 'omit') return 0

  return setTimes(task, targetAt(task, dirfd, pathAddress, flags), atime, mtime)
}

export const futimesat: Syscall = (task, args) => {
  const dirfd = args.int32(0)
  const pathAddress = args.address(1)
  const [atime, mtime] = readTimevals(task, args.address(2))
  return setTimes(task, targetAt(task, dirfd, pathAddress, 0), atime, mtime)
}

export const utimes: Syscall = (task, args) => {
  const [atime, mtime] = readTimevals(task, args.address(1))
  return setTimes(task, locatePath(task, AT_FDCWD, args.address(0), 0), atime, mtime)
}

/** struct utimbuf: two time_t. */
export const utime: Syscall = (task, args) => {
  const [atime, mtime] = args.address(1) === 0 ? NOW : readUtimbuf(task, args.address(1))
  return setTimes(task, locatePath(task, AT_FDCWD, args.address(0), 0), atime, mtime)
}

const NOW: readonly [TimeChange, TimeChange] = ['now', 'now']

function locatePath(task: Task, dirfd: number, pathAddress: number, flags: number): Target {
  return locateTarget(task, dirfd, pathAddress, flags, ATTRIBUTES)
}

/** Without a path, the descriptor itself. @throws Errno EFAULT, EINVAL, EBADF, and as path resolution does */
function targetAt(task: Task, dirfd: number, pathAddress: number, flags: number): Target {
  if (pathAddress !== 0) return locatePath(task, dirfd, pathAddress, flags)
  if (dirfd === AT_FDCWD) throw new Errno(EFAULT)
  if (flags !== 0) throw new Errno(EINVAL)
  return openTarget(task, dirfd)
}

function readTimespecs(task: Task, address: number): readonly [TimeChange, TimeChange] {
  const bytes = task.memory.readBytes(address, 2 * TIMESPEC_BYTES)
  return [wanted(decodeTimespec(bytes, 0)), wanted(decodeTimespec(bytes, TIMESPEC_BYTES))]
}

function wanted(time: Time): TimeChange {
  if (time.nanoseconds === UTIME_NOW) return 'now'
  if (time.nanoseconds === UTIME_OMIT) return 'omit'
  if (time.nanoseconds < 0 || time.nanoseconds >= 1e9) throw new Errno(EINVAL)
  return time
}

function readTimevals(task: Task, address: number): readonly [TimeChange, TimeChange] {
  if (address === 0) return NOW
  const bytes = task.memory.readBytes(address, 32)
  const times = [decodeTimeval(bytes, 0), decodeTimeval(bytes, 16)] as const
  if (times.some(({nanoseconds}) => nanoseconds < 0 || nanoseconds >= 1e9)) throw new Errno(EINVAL)
  return times
}

function readUtimbuf(task: Task, address: number): readonly [TimeChange, TimeChange] {
  const bytes = task.memory.readBytes(address, 16)
  const words = new DataView(bytes.buffer, bytes.byteOffset)
  const time = (offset: number) => ({seconds: Number(words.getBigInt64(offset, true)), nanoseconds: 0})
  return [time(0), time(8)]
}

function setTimes(task: Task, target: Target, atime: TimeChange, mtime: TimeChange): number {
  const {inode} = target
  const who = task.credentials
  const {clock} = task.kernel.vfs
  checkMountWritable(target)
  // The owner may set any time; a user with write permission may set "now" (man 2 utimensat, "Permissions requirements").
  if (!ownsInode(who, inode.attributes().uid)) {
    if (atime !== 'now' || mtime !== 'now') throw new Errno(EPERM)
    checkAccess(inode, MAY_WRITE, who)
  }
  inode.setAttributes({
    ...(atime !== 'omit' && {atime: atime === 'now' ? clock.now() : atime}),
    ...(mtime !== 'omit' && {mtime: mtime === 'now' ? clock.now() : mtime}),
  })
  if (atime !== 'omit' && mtime !== 'omit') tellChange(inode, IN_ATTRIB, target)
  else if (atime !== 'omit') tellChange(inode, IN_ACCESS, target)
  else if (mtime !== 'omit') tellChange(inode, IN_MODIFY, target)
  return 0
}
