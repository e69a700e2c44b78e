// open(2) over the mount tree.

import {
  EACCES,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENOTDIR,
  ENXIO,
  EOPNOTSUPP,
  EPERM,
  EROFS,
  Errno,
} from '../abi/errno.ts'
import {
  MAY_READ,
  MAY_WRITE,
  PERMISSION_BITS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
  S_ISVTX,
} from '../abi/file-mode.ts'
import {IN_CREATE, IN_MODIFY, IN_OPEN} from '../abi/inotify.ts'
import {
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE,
  O_TRUNC,
} from '../abi/open-flags.ts'
import type {ByteString, Credentials, FileDescription, Inode} from './file.ts'
import {PathDescription} from './file-description.ts'
import type {Location} from './location.ts'
import {childLocation} from './mount-tree.ts'
import {CREATE as CREATING, type Intent, READ, WRITE} from './path-policy.ts'
import {
  CREATE,
  CREATE_NO_FOLLOW,
  type PathContext,
  type Resolution,
  resolve,
  resolveLast,
} from './path-walk.ts'
import {checkAccess, checkEntryChange, checkWritable, isReadOnly, ownsInode} from './permissions.ts'
import {clearSetId} from './set-id-bits.ts'
import {requireNotExecuted} from './text-busy.ts'
import {tell, tellEntry} from './watchers.ts'

/** Flags that act once; a file description keeps the others (fcntl F_GETFL shows them). */
const ONCE = O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC
const O_TMPFILE_ONLY = O_TMPFILE & ~O_DIRECTORY

export interface OpenResult {
  file: FileDescription
  location: Location
}

/**
 * Opens a path. The umask is already applied to `mode`; `flags` are x86_64's.
 * A fifo may be returned before its other end is open: see FileDescription.isOpenComplete.
 * @throws Errno as man 2 open
 */
export function openPath(
  context: PathContext,
  start: Location,
  path: ByteString,
  flags: number,
  mode: number,
): OpenResult {
  if (flags & O_PATH) return openForPath(context, start, path, flags)
  if (flags & O_CREAT && flags & (O_DIRECTORY | O_TMPFILE_ONLY)) throw new Errno(EINVAL)
  if (flags & O_TMPFILE_ONLY) return openUnnamed(context, start, path, flags, mode)
  if (flags & O_CREAT) return openOrCreate(context, start, path, flags, mode)
  const location = resolve(context, start, path, !(flags & O_NOFOLLOW), intentOf(flags))
  return openLocation(context.credentials, location, flags)
}

/** Opens a found location, with its permission checks: also for reopening /proc/self/fd, and execve. */
export function openLocation(who: Credentials, location: Location, flags: number): OpenResult {
  const {inode} = location
  const wanted = accessOf(flags)
  checkKind(location, flags)
  checkAccess(inode, wanted, who)
  if (wanted & MAY_WRITE && isOnDisk(inode.kind)) checkWritable(location)
  if (wanted & MAY_WRITE) requireNotExecuted(inode)
  if (flags & O_NOATIME && !ownsInode(who, inode.attributes().uid)) throw new Errno(EPERM)
  return finish(who, location, flags)
}

function openForPath(context: PathContext, start: Location, path: ByteString, flags: number): OpenResult {
  const location = resolve(context, start, path, !(flags & O_NOFOLLOW))
  if (flags & O_DIRECTORY && location.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  const kept = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW)
  return {file: new PathDescription(location.inode, kept), location}
}

function openUnnamed(
  context: PathContext,
  start: Location,
  path: ByteString,
  flags: number,
  mode: number,
): OpenResult {
  if (!(flags & O_DIRECTORY) || (flags & O_ACCMODE) === O_RDONLY) throw new Errno(EINVAL)
  const directory = resolve(context, start, path, true, intentOf(flags) | CREATING)
  if (directory.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  if (directory.inode.createUnnamed === undefined) throw new Errno(EOPNOTSUPP)
  checkEntryChange(directory, context.credentials)
  const inode = directory.inode.createUnnamed(mode & PERMISSION_BITS, context.credentials)
  const location = {mount: directory.mount, inode, parent: directory, name: `#${inode.attributes().ino}`}
  return finish(context.credentials, location, flags)
}

function openOrCreate(
  context: PathContext,
  start: Location,
  path: ByteString,
  flags: number,
  mode: number,
): OpenResult {
  const follows = !(flags & (O_NOFOLLOW | O_EXCL))
  const lastLink = follows ? CREATE : CREATE_NO_FOLLOW
  const resolution = resolveLast(context, start, path, lastLink, intentOf(flags) | CREATING)
  const {found} = resolution
  if (found === undefined) return create(context.credentials, resolution, flags, mode)
  if (flags & O_EXCL) throw new Errno(EEXIST)
  if (found.inode.kind === S_IFDIR) throw new Errno(EISDIR)
  checkProtected(found, context.credentials)
  return openLocation(context.credentials, found, flags)
}

function create(who: Credentials, resolution: Resolution, flags: number, mode: number): OpenResult {
  const {parent, name} = resolution
  if (isReadOnly(parent)) throw new Errno(EROFS)
  checkEntryChange(parent, who)
  const inode = parent.inode.create(name, mode & PERMISSION_BITS, who)
  tellEntry(parent.inode, IN_CREATE, name, inode)
  // The new file's own permissions do not bind this first descriptor.
  return finish(who, childLocation(parent, name, inode), flags & ~O_TRUNC)
}

function finish(who: Credentials, location: Location, flags: number): OpenResult {
  if (flags & O_DIRECT && !takesDirect(location.inode)) throw new Errno(EINVAL)
  // With O_TRUNC, a file system that copies on open need not copy; the cut itself is made here.
  // O_NOCTTY reaches a terminal, which may become the caller's controlling one.
  const kept = location.inode.kind === S_IFCHR ? flags & O_NOCTTY : 0
  const file = location.inode.open((flags & ~ONCE) | kept)
  file.flags &= ~(O_TRUNC | O_NOCTTY)
  if (file.isOpenComplete?.() ?? true) tell(file.inode, IN_OPEN, location)
  if (flags & O_TRUNC && location.inode.kind === S_IFREG) truncateOpened(who, file, location)
  return {file, location}
}

/** Whether O_DIRECT is allowed, which changes nothing here: files do, but not the generated ones. */
export function takesDirect({kind, fs}: Inode): boolean {
  return kind === S_IFREG && fs.type !== 'proc' && fs.type !== 'sysfs'
}

function truncateOpened(who: Credentials, file: FileDescription, location: Location): void {
  try {
    clearSetId(who, file.inode)
    file.inode.setAttributes({size: 0})
    tell(file.inode, IN_MODIFY, location)
  } catch (error) {
    file.close()
    throw error
  }
}

function accessOf(flags: number): number {
  const access = flags & O_ACCMODE
  const wanted = access === O_RDONLY ? MAY_READ : access === 1 ? MAY_WRITE : MAY_READ | MAY_WRITE
  return flags & O_TRUNC ? wanted | MAY_WRITE : wanted
}

function intentOf(flags: number): Intent {
  const wanted = accessOf(flags)
  return (wanted & MAY_READ ? READ : 0) | (wanted & MAY_WRITE ? WRITE : 0)
}

function checkKind(location: Location, flags: number): void {
  const {kind} = location.inode
  if (flags & O_DIRECTORY && kind !== S_IFDIR) throw new Errno(ENOTDIR)
  if (kind === S_IFLNK) throw new Errno(ELOOP)
  if (kind === S_IFDIR && accessOf(flags) & MAY_WRITE) throw new Errno(EISDIR)
  if (kind === S_IFSOCK) throw new Errno(ENXIO)
}

/** Writing through a device or a fifo does not write to the file system that it lies on. */
function isOnDisk(kind: number): boolean {
  return kind !== S_IFCHR && kind !== S_IFBLK && kind !== S_IFIFO
}

/** fs.protected_regular=1: in another user's sticky, world-writable directory, O_CREAT does not open a third user's file. */
function checkProtected(location: Location, who: Credentials): void {
  const {parent, inode} = location
  if (parent === undefined) return
  if (inode.kind !== S_IFREG && inode.kind !== S_IFIFO) return
  const directory = parent.inode.attributes()
  if (!(directory.mode & S_ISVTX) || !(directory.mode & 0o002)) return
  const {uid} = inode.attributes()
  if (uid !== who.uid && uid !== directory.uid) throw new Errno(EACCES)
}
