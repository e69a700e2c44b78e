// Making, moving and removing names: mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2), rename(2) over the mount tree.

import {CAP_MKNOD, hasCapability} from '../abi/capability.ts'
import {
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EROFS,
  Errno,
  EXDEV,
} from '../abi/errno.ts'
import {
  MAY_WRITE,
  PERMISSION_BITS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  S_ISVTX,
} from '../abi/file-mode.ts'
import {IN_ATTRIB, IN_CREATE, IN_DELETE, IN_MOVE_SELF, IN_MOVED_FROM, IN_MOVED_TO} from '../abi/inotify.ts'
import {RENAME_EXCHANGE, RENAME_NOREPLACE} from '../abi/open-flags.ts'
import type {ByteString, Credentials, Inode} from './file.ts'
import type {Location} from './location.ts'
import {CREATE, DEVICE, READ} from './path-policy.ts'
import {NAME, type PathContext, type Resolution, resolveLast} from './path-walk.ts'
import {checkAccess, checkEntryChange, checkSticky, isReadOnly, mayHardLink} from './permissions.ts'
import {noteLinks, noteLost, tellEntry, tellIfGone, tellSelf} from './watchers.ts'

/** mkdir(2). The umask is already applied to `mode`. @throws Errno */
export function makeDirectory(context: PathContext, start: Location, path: ByteString, mode: number): Inode {
  const {parent, name} = newName(context, resolveLast(context, start, path, NAME, CREATE), true)
  return created(parent, name, parent.inode.mkdir(name, mode & (0o777 | S_ISVTX), context.credentials))
}

/** mknod(2): type and permission bits in `mode`; without a type it makes a regular file. @throws Errno */
export function makeNode(
  context: PathContext,
  start: Location,
  path: ByteString,
  mode: number,
  rdev: number,
): Inode {
  const kind = mode & S_IFMT || S_IFREG
  if (kind === S_IFDIR) throw new Errno(EPERM)
  const intent = kind === S_IFREG ? CREATE : DEVICE
  const {parent, name} = newName(context, resolveLast(context, start, path, NAME, intent), false)
  if ((kind === S_IFCHR || kind === S_IFBLK) && !hasCapability(context.credentials.capabilities, CAP_MKNOD))
    throw new Errno(EPERM)
  const permissions = mode & PERMISSION_BITS
  const {inode} = parent
  const made =
    kind === S_IFREG
      ? inode.create(name, permissions, context.credentials)
      : inode.mknod(name, kind | permissions, rdev, context.credentials)
  return created(parent, name, made)
}

/** symlink(2). @throws Errno */
export function makeSymlink(
  context: PathContext,
  target: ByteString,
  start: Location,
  path: ByteString,
): Inode {
  if (target.length === 0) throw new Errno(ENOENT)
  const {parent, name} = newName(context, resolveLast(context, start, path, NAME, CREATE), false)
  return created(parent, name, parent.inode.symlink(name, target, context.credentials))
}

/** link(2), once the file is found (linkat's flags are the caller's business). @throws Errno */
export function makeLink(context: PathContext, target: Location, start: Location, path: ByteString): void {
  const {parent, name} = newName(context, resolveLast(context, start, path, NAME, CREATE), false)
  if (parent.mount !== target.mount) throw new Errno(EXDEV)
  if (target.inode.kind === S_IFDIR) throw new Errno(EPERM)
  if (!mayHardLink(target.inode, context.credentials)) throw new Errno(EPERM)
  parent.inode.link(name, target.inode)
  tellSelf(target.inode, IN_ATTRIB)
  created(parent, name, target.inode)
}

/** unlink(2). @throws Errno */
export function unlinkPath(context: PathContext, start: Location, path: ByteString): void {
  const resolution = resolveLast(context, start, path, NAME, CREATE)
  const {parent, name, found} = resolution
  if (isDots(name)) throw new Errno(EISDIR)
  if (found === undefined) throw new Errno(ENOENT)
  if (resolution.trailingSlash) throw new Errno(found.inode.kind === S_IFDIR ? EISDIR : ENOTDIR)
  checkVictim(context.credentials, parent, found)
  if (found.inode.kind === S_IFDIR) throw new Errno(EISDIR)
  noteLinks(found.inode)
  parent.inode.unlink(name)
  // The number of links changes even when the last one goes.
  tellSelf(found.inode, IN_ATTRIB)
  removed(parent, name, found.inode)
}

/** rmdir(2). @throws Errno */
export function removeDirectory(context: PathContext, start: Location, path: ByteString): void {
  const {parent, name, found} = resolveLast(context, start, path, NAME, CREATE)
  if (name === '') throw new Errno(EBUSY)
  if (name === '.') throw new Errno(EINVAL)
  if (name === '..') throw new Errno(ENOTEMPTY)
  if (found === undefined) throw new Errno(ENOENT)
  checkVictim(context.credentials, parent, found)
  if (found.inode.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  parent.inode.rmdir(name)
  removed(parent, name, found.inode)
}

/** renameat2(2). @throws Errno */
export function renamePath(
  context: PathContext,
  oldStart: Location,
  oldPath: ByteString,
  newStart: Location,
  newPath: ByteString,
  flags = 0,
): void {
  if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) throw new Errno(EINVAL)
  if (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE) throw new Errno(EINVAL)
  const from = resolveLast(context, oldStart, oldPath, NAME, READ | CREATE)
  const to = resolveLast(context, newStart, newPath, NAME, CREATE)
  if (from.parent.mount !== to.parent.mount) throw new Errno(EXDEV)
  if (isDots(from.name)) throw new Errno(EBUSY)
  if (isDots(to.name)) throw new Errno(flags & RENAME_NOREPLACE ? EEXIST : EBUSY)
  if (isReadOnly(from.parent)) throw new Errno(EROFS)
  if (from.found === undefined) throw new Errno(ENOENT)
  if (to.found !== undefined && flags & RENAME_NOREPLACE) throw new Errno(EEXIST)
  if (to.found === undefined && flags & RENAME_EXCHANGE) throw new Errno(ENOENT)
  checkTrailing(from, to, flags)
  // Neither directory may end up inside itself.
  if (isInside(to.parent, from.found)) throw new Errno(EINVAL)
  if (to.found !== undefined && isInside(from.parent, to.found)) {
    throw new Errno(flags & RENAME_EXCHANGE ? EINVAL : ENOTEMPTY)
  }
  checkVictim(context.credentials, from.parent, from.found)
  if (to.found === undefined) checkEntryChange(to.parent, context.credentials)
  else checkVictim(context.credentials, to.parent, to.found)
  checkMoved(context.credentials, from, to)
  if (to.found !== undefined && !(flags & RENAME_EXCHANGE)) checkKinds(from.found.inode, to.found.inode)
  if (to.found !== undefined && !(flags & RENAME_EXCHANGE)) noteLinks(to.found.inode)
  from.parent.inode.rename(from.name, to.parent.inode, to.name, flags)
  // With two names of one file, nothing happens.
  if (to.found === undefined || !isSameFile(from.found.inode, to.found.inode)) moved(from, to, flags)
}

function isSameFile(a: Inode, b: Inode): boolean {
  return a === b || (a.fs === b.fs && a.identity !== undefined && a.identity === b.identity)
}

function created({inode: directory}: Location, name: ByteString, inode: Inode): Inode {
  tellEntry(directory, IN_CREATE, name, inode)
  return inode
}

function removed({inode: directory}: Location, name: ByteString, inode: Inode): void {
  noteLost(inode, directory, name)
  tellIfGone(inode)
  tellEntry(directory, IN_DELETE, name, inode)
}

/** An exchange counts as two moves. */
function moved(from: Resolution, to: Resolution, flags: number): void {
  const isExchange = (flags & RENAME_EXCHANGE) !== 0
  const other = to.found?.inode
  if (other !== undefined && !isExchange) noteLost(other, to.parent.inode, to.name)
  tellMove(from, to, from.found!.inode, isExchange ? undefined : other)
  if (other === undefined) return
  if (isExchange) tellMove(to, from, other)
  else tellIfGone(other)
}

function tellMove(from: Resolution, to: Resolution, inode: Inode, replaced?: Inode): void {
  if (!inode.fs.watches) return
  const cookie = from.parent.mount.vfs.takeCookie()
  tellEntry(from.parent.inode, IN_MOVED_FROM, from.name, inode, cookie)
  tellEntry(to.parent.inode, IN_MOVED_TO, to.name, inode, cookie)
  if (replaced !== undefined) tellSelf(replaced, IN_ATTRIB)
  tellSelf(inode, IN_MOVE_SELF)
}

function newName(context: PathContext, resolution: Resolution, directory: boolean): Resolution {
  const {parent, found, trailingSlash} = resolution
  if (found !== undefined) throw new Errno(EEXIST)
  if (trailingSlash && !directory) throw new Errno(ENOENT)
  checkEntryChange(parent, context.credentials)
  return resolution
}

/** Checks that this name may be removed. */
function checkVictim(who: Credentials, parent: Location, victim: Location): void {
  checkEntryChange(parent, who)
  checkSticky(parent.inode, victim.inode, who)
  if (victim.mount !== parent.mount) throw new Errno(EBUSY)
}

/** Moving a directory to another parent changes its `..`: Linux requires write permission on it. */
function checkMoved(who: Credentials, from: Resolution, to: Resolution): void {
  if (from.parent.inode === to.parent.inode) return
  if (from.found?.inode.kind === S_IFDIR) checkAccess(from.found.inode, MAY_WRITE, who)
}

function checkTrailing(from: Resolution, to: Resolution, flags: number): void {
  if (from.found?.inode.kind === S_IFDIR) return
  if (from.trailingSlash) throw new Errno(ENOTDIR)
  if (to.trailingSlash && !(flags & RENAME_EXCHANGE)) throw new Errno(ENOTDIR)
}

function checkKinds(from: Inode, to: Inode): void {
  if (from === to) return
  if (from.kind === S_IFDIR && to.kind !== S_IFDIR) throw new Errno(ENOTDIR)
  if (from.kind !== S_IFDIR && to.kind === S_IFDIR) throw new Errno(EISDIR)
}

function isInside(location: Location, directory: Location): boolean {
  if (directory.inode.kind !== S_IFDIR || directory.mount !== location.mount) return false
  for (let at: Inode | undefined = location.inode; at !== undefined; at = at.place()?.directory) {
    if (at === directory.inode) return true
  }
  return false
}

function isDots(name: ByteString): boolean {
  return name === '' || name === '.' || name === '..'
}
