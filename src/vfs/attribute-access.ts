// Who may read and change which extended attributes: xattr(7), xattr_permission of Linux's fs/xattr.c.

import {CAP_SETFCAP, CAP_SYS_ADMIN, hasCapability} from '../abi/capability.ts'
import {EINVAL, ENODATA, EOPNOTSUPP, EPERM, Errno} from '../abi/errno.ts'
import {MAY_READ, MAY_WRITE, S_IFDIR, S_IFREG, S_ISVTX} from '../abi/file-mode.ts'
import {
  parseFileCapabilities,
  XATTR_CAPABILITY,
  XATTR_SECURITY,
  XATTR_TRUSTED,
  XATTR_USER,
} from '../abi/xattr.ts'
import type {ExtendedAttributes} from './extended-attributes.ts'
import type {ByteString, Credentials, Inode} from './file.ts'
import {ownString} from './own-string.ts'
import {checkAccess, ownsInode} from './permissions.ts'

const NAMESPACES = [XATTR_USER, XATTR_TRUSTED, XATTR_SECURITY]

/** @returns the value. @throws Errno ENODATA, EOPNOTSUPP, EACCES */
export function getAttribute(inode: Inode, name: ByteString, who: Credentials): Uint8Array {
  requireAccess(inode, name, MAY_READ, who)
  const value = attributesOf(inode, name, false)?.get(name)
  if (value === undefined) throw new Errno(ENODATA)
  return value
}

/** The names that `who` may know of. */
export function listAttributes(inode: Inode, {capabilities}: Credentials): ByteString[] {
  const names = [...(inode.extendedAttributes?.(false)?.names() ?? [])]
  if (hasCapability(capabilities, CAP_SYS_ADMIN)) return names
  return names.filter((name) => !name.startsWith(XATTR_TRUSTED))
}

/** @throws Errno as setxattr(2), but for EROFS */
export function setAttribute(
  inode: Inode,
  name: ByteString,
  value: Uint8Array,
  flags: number,
  who: Credentials,
): void {
  if (name === XATTR_CAPABILITY && parseFileCapabilities(value) === undefined) throw new Errno(EINVAL)
  requireAccess(inode, name, MAY_WRITE, who)
  attributesOf(inode, name, true)!.set(ownString(name), value, flags)
  inode.setAttributes({})
}

/** @throws Errno as removexattr(2), but for EROFS */
export function removeAttribute(inode: Inode, name: ByteString, who: Credentials): void {
  requireAccess(inode, name, MAY_WRITE, who)
  if (attributesOf(inode, name, false)?.delete(name) !== true) throw new Errno(ENODATA)
  inode.setAttributes({})
}

function attributesOf(inode: Inode, name: ByteString, forChange: boolean): ExtendedAttributes | undefined {
  const namespace = NAMESPACES.find((prefix) => name.startsWith(prefix))
  if (namespace === undefined || inode.extendedAttributes === undefined) throw new Errno(EOPNOTSUPP)
  if (name === namespace) throw new Errno(EINVAL)
  return inode.extendedAttributes(forChange)
}

function requireAccess(inode: Inode, name: ByteString, mask: number, who: Credentials): void {
  const isWrite = mask === MAY_WRITE
  const may = (capability: number): boolean => hasCapability(who.capabilities, capability)
  if (name.startsWith(XATTR_SECURITY)) {
    const needed = name === XATTR_CAPABILITY ? CAP_SETFCAP : CAP_SYS_ADMIN
    if (isWrite && !may(needed)) throw new Errno(EPERM)
  } else if (name.startsWith(XATTR_TRUSTED)) {
    if (!may(CAP_SYS_ADMIN)) throw new Errno(isWrite ? EPERM : ENODATA)
  } else if (name.startsWith(XATTR_USER)) {
    if (inode.kind !== S_IFREG && inode.kind !== S_IFDIR) throw new Errno(isWrite ? EPERM : ENODATA)
    if (isWrite && inode.kind === S_IFDIR) requireOwnerOfSticky(inode, who)
    checkAccess(inode, mask, who)
  } else if (!name.startsWith('system.')) checkAccess(inode, mask, who)
}

/** In a directory like /tmp, anybody could otherwise fill the room for attributes. */
function requireOwnerOfSticky(directory: Inode, who: Credentials): void {
  const {mode, uid} = directory.attributes()
  if (mode & S_ISVTX && !ownsInode(who, uid)) throw new Errno(EPERM)
}
