// pathArgument: a path of a call, as the guest wrote it, and where it leads now, for code that decides on it.

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  RESOLVE_IN_ROOT,
} from '../../abi/at-flags.ts'
import {O_CREAT, O_EXCL, O_NOFOLLOW} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import {READ} from '../../vfs/path-policy.ts'
import {
  CREATE,
  CREATE_NO_FOLLOW,
  FOLLOW,
  type LastLink,
  NAME,
  NO_FOLLOW,
  resolveLast,
} from '../../vfs/path-walk.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {readPath, startDirectory} from '../fd/path-argument.ts'
import {fromByteString, MAX_VALUE_BYTES} from './argument-value.ts'
import type {TracedCall} from './traced-call.ts'

/** Offset in struct open_how. */
const RESOLVE_OFFSET = 16
/** Calls that act on a link itself at a path's end. */
const ON_LINKS = names('lstat readlink readlinkat lchown lsetxattr lgetxattr llistxattr lremovexattr link')
/** Calls that make or remove a path's last name. */
const ON_NAMES = names(
  'unlink unlinkat rmdir rename renameat renameat2 mkdir mkdirat mknod mknodat symlink symlinkat',
)
/** Calls whose first path is a link's text, and leads nowhere yet. */
const LINK_TEXTS = names('symlink symlinkat')

/** @throws Errno EFAULT, ENAMETOOLONG */
export function pathArgument(call: TracedCall, index: number): {value: string; resolved: string | undefined} {
  const path = readPath(call.task, call.address(index))
  const isText = index === 0 && LINK_TEXTS.has(call.name)
  const resolved = isText ? undefined : unlessErrno(() => resolvedPath(call, index, path))
  return {
    value: fromByteString(path),
    resolved: resolved && fromByteString(resolved.slice(0, MAX_VALUE_BYTES)),
  }
}

/** From the top of the tree, whatever chroot(2) says; the walk is no task's: no policy sees it. */
function resolvedPath(call: TracedCall, index: number, path: ByteString): ByteString {
  const {task} = call
  const {fs, credentials, kernel} = task
  const {top} = kernel.rootMount
  const dirfd = call.words[index - 1] === 'dirfd' ? call.int32(index - 1) : AT_FDCWD
  if (path === '' && flagsOf(call, 'atflags') & AT_EMPTY_PATH)
    return nameOf(dirfd === AT_FDCWD ? fs.cwd : task.fds.description(dirfd).location, top)
  const start = startDirectory(task, dirfd, path)
  // As in openat2.
  const root = resolveFlagsOf(call) & RESOLVE_IN_ROOT ? start : fs.root
  const {found, parent, name} = resolveLast({root, credentials}, start, path, lastLink(call), READ)
  if (found !== undefined) return nameOf(found, top)
  const directory = nameOf(parent, top)
  return `${directory === '/' ? '' : directory}/${name}`
}

function nameOf(location: Location | undefined, top: Location): ByteString {
  return location === undefined ? '' : pathOf(location, top).path
}

/** What to do with a link at the path's end. */
function lastLink(call: TracedCall): LastLink {
  if (call.name === 'creat') return CREATE
  const flags = openFlagsOf(call)
  if (flags !== undefined) {
    if (flags & O_CREAT) return flags & (O_EXCL | O_NOFOLLOW) ? CREATE_NO_FOLLOW : CREATE
    return flags & O_NOFOLLOW ? NO_FOLLOW : FOLLOW
  }
  const at = flagsOf(call, 'atflags') | flagsOf(call, 'statxflags')
  if (call.name === 'linkat') return at & AT_SYMLINK_FOLLOW ? FOLLOW : NO_FOLLOW
  if (ON_NAMES.has(call.name)) return NAME
  return at & AT_SYMLINK_NOFOLLOW || ON_LINKS.has(call.name) ? NO_FOLLOW : FOLLOW
}

/** @throws Errno EFAULT */
function openFlagsOf(call: TracedCall): number | undefined {
  const how = call.words.indexOf('open_how')
  if (how >= 0) return arch.kernelAbi.openFlags(call.memory.readInt32(call.address(how)))
  return call.words.includes('openflags') ? arch.kernelAbi.openFlags(flagsOf(call, 'openflags')) : undefined
}

/** @throws Errno EFAULT */
function resolveFlagsOf(call: TracedCall): number {
  const how = call.words.indexOf('open_how')
  return how < 0 ? 0 : call.memory.readInt32(call.address(how) + RESOLVE_OFFSET)
}

function flagsOf(call: TracedCall, kind: string): number {
  const index = call.words.indexOf(kind)
  return index < 0 ? 0 : call.int32(index)
}

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}
