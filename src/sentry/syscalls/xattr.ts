// The extended attribute calls: man 7 xattr.

import {AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {E2BIG, EINVAL, ERANGE, Errno} from '../../abi/errno.ts'
import {IN_ATTRIB} from '../../abi/inotify.ts'
import {XATTR_CREATE, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX} from '../../abi/xattr.ts'
import {getAttribute, listAttributes, removeAttribute, setAttribute} from '../../vfs/attribute-access.ts'
import type {ByteString} from '../../vfs/file.ts'
import {ATTRIBUTES, INSPECT, type Intent, READ} from '../../vfs/path-policy.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {checkMountWritable, locateTarget, openTarget, type Target} from '../fd/path-argument.ts'

type Find = (task: Task, args: Arguments, intent: Intent) => Target

const byPath: Find = (task, args, intent) => locateTarget(task, AT_FDCWD, args.address(0), 0, intent)
const byLink: Find = (task, args, intent) =>
  locateTarget(task, AT_FDCWD, args.address(0), AT_SYMLINK_NOFOLLOW, intent)
const byDescriptor: Find = (task, args) => openTarget(task, args.int32(0))

export const setxattr = set(byPath)
export const lsetxattr = set(byLink)
export const fsetxattr = set(byDescriptor)
export const getxattr = get(byPath)
export const lgetxattr = get(byLink)
export const fgetxattr = get(byDescriptor)
export const removexattr = remove(byPath)
export const lremovexattr = remove(byLink)
export const fremovexattr = remove(byDescriptor)
export const listxattr = list(byPath)
export const llistxattr = list(byLink)
export const flistxattr = list(byDescriptor)

function set(find: Find): Syscall {
  return (task, args) => {
    const flags = args.uint32(4)
    if (flags & ~(XATTR_CREATE | XATTR_REPLACE)) throw new Errno(EINVAL)
    const name = readName(task, args.address(1))
    const size = args.address(3)
    if (size > XATTR_SIZE_MAX) throw new Errno(E2BIG)
    const value = Uint8Array.from(task.memory.readBytes(args.address(2), size))
    const target = find(task, args, ATTRIBUTES)
    checkMountWritable(target)
    setAttribute(target.inode, name, value, flags, task.credentials)
    return tell(target)
  }
}

function get(find: Find): Syscall {
  return (task, args) => {
    const name = readName(task, args.address(1))
    const {inode} = find(task, args, READ)
    return give(task, getAttribute(inode, name, task.credentials), args.address(2), args.address(3))
  }
}

function remove(find: Find): Syscall {
  return (task, args) => {
    const name = readName(task, args.address(1))
    const target = find(task, args, ATTRIBUTES)
    checkMountWritable(target)
    removeAttribute(target.inode, name, task.credentials)
    return tell(target)
  }
}

function tell(target: Target): number {
  tellChange(target.inode, IN_ATTRIB, target)
  return 0
}

/** Each name with a NUL. */
function list(find: Find): Syscall {
  return (task, args) => {
    const names = listAttributes(find(task, args, INSPECT).inode, task.credentials)
    const text = names.map((name) => `${name}\0`).join('')
    return give(task, Buffer.from(text, 'latin1'), args.address(1), args.address(2))
  }
}

/** Without room it only says how many bytes there are. @throws Errno ERANGE: too little */
function give({memory}: Task, bytes: Uint8Array, address: number, room: number): number {
  if (room === 0) return bytes.length
  if (bytes.length > room) throw new Errno(ERANGE)
  memory.writeBytes(address, bytes)
  return bytes.length
}

/** @throws Errno EFAULT, ERANGE (an empty or a long name) */
function readName({memory}: Task, address: number): ByteString {
  let name = ''
  while (name.length <= XATTR_NAME_MAX) {
    const byte = memory.readUint8(address + name.length)
    if (byte === 0) break
    name += String.fromCharCode(byte)
  }
  if (name.length === 0 || name.length > XATTR_NAME_MAX) throw new Errno(ERANGE)
  return name
}
