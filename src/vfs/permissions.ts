// Permission checks of the vfs: man 7 path_resolution, "Permissions" and "Bypassing permission checks".

import {
  ALL_CAPABILITIES,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  hasCapability,
  NO_CAPABILITIES,
} from '../abi/capability.ts'
import {EACCES, EPERM, EROFS, Errno} from '../abi/errno.ts'
import {
  MAY_EXECUTE,
  MAY_READ,
  MAY_WRITE,
  S_IFDIR,
  S_IFREG,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
} from '../abi/file-mode.ts'
import type {Attributes, Credentials, Inode} from './file.ts'
import type {Location} from './location.ts'

/**
 * Whether `who` may do `mask` (MAY_* bits) to the inode.
 * @throws Errno EACCES
 */
export function checkAccess(inode: Inode, mask: number, who: Credentials): void {
  if (mayIgnoreMode(inode.kind, mask, who)) return
  if (!allows(inode.attributes(), mask, who) && !inode.permits?.()) throw new Errno(EACCES)
}

/** Whether the mode need not be read. Executing needs a look at it: a file that nobody may execute stays so. */
function mayIgnoreMode(kind: number, mask: number, {capabilities}: Credentials): boolean {
  if (capabilities === NO_CAPABILITIES) return false
  const isDirectory = kind === S_IFDIR
  if (hasCapability(capabilities, CAP_DAC_OVERRIDE)) return isDirectory || !(mask & MAY_EXECUTE)
  if (!hasCapability(capabilities, CAP_DAC_READ_SEARCH)) return false
  return isDirectory ? !(mask & MAY_WRITE) : mask === MAY_READ
}

function allows(attributes: Attributes, mask: number, who: Credentials): boolean {
  const {mode, uid, gid} = attributes
  // CAP_DAC_OVERRIDE may execute what anybody may execute.
  if (hasCapability(who.capabilities, CAP_DAC_OVERRIDE) && (mode & 0o111) !== 0) return true
  if (who.uid === uid) return ((mode >> 6) & mask) === mask
  if (isMember(gid, who)) return ((mode >> 3) & mask) === mask
  return (mode & mask) === mask
}

export function isMember(gid: number, who: Credentials): boolean {
  return who.gid === gid || who.groups.includes(gid)
}

/** Search permission, which path resolution needs in each directory. @throws Errno EACCES */
export function checkSearch(directory: Inode, who: Credentials): void {
  if (who.capabilities !== ALL_CAPABILITIES) checkAccess(directory, MAY_EXECUTE, who)
}

/** Whether names may be added to or removed from a directory. @throws Errno EROFS, EACCES */
export function checkEntryChange(directory: Location, who: Credentials): void {
  checkWritable(directory)
  checkAccess(directory.inode, MAY_WRITE | MAY_EXECUTE, who)
}

/** Whether `who` is its owner, or may do what owners may. */
export function ownsInode(who: Credentials, owner: number): boolean {
  return who.uid === owner || hasCapability(who.capabilities, CAP_FOWNER)
}

/** In a directory with the sticky bit, only the owner of the file or of the directory may remove a name. @throws Errno EPERM */
export function checkSticky(directory: Inode, victim: Inode, who: Credentials): void {
  if (hasCapability(who.capabilities, CAP_FOWNER)) return
  const parent = directory.attributes()
  if (!(parent.mode & S_ISVTX) || parent.uid === who.uid) return
  if (victim.attributes().uid !== who.uid) throw new Errno(EPERM)
}

/** @throws Errno EROFS */
export function checkWritable(location: Location): void {
  if (isReadOnly(location)) throw new Errno(EROFS)
}

export function isReadOnly({mount, inode}: Pick<Location, 'mount' | 'inode'>): boolean {
  return mount.readOnly || mount.fs.readOnly || inode.isReadOnly === true
}

/** Executed by its group, such a file runs as that group; otherwise the bit asks for mandatory locks. */
const RUNS_AS_GROUP = S_ISGID | 0o010

/** Linux's rule where fs.protected_hardlinks is on, as in every distribution; without that policy there is no rule. */
export function mayHardLink(inode: Inode, who: Credentials): boolean {
  const attributes = inode.attributes()
  if (ownsInode(who, attributes.uid)) return true
  const runsAsOthers = attributes.mode & S_ISUID || (attributes.mode & RUNS_AS_GROUP) === RUNS_AS_GROUP
  return inode.kind === S_IFREG && !runsAsOthers && allows(attributes, MAY_READ | MAY_WRITE, who)
}
