// pathArgument: a path of a call: as the guest wrote it, and where it leads now, for who decides by it.

import {AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {Errno} from '../../abi/errno.ts'
import {O_CREAT, O_EXCL, O_NOFOLLOW} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import type {ByteString} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {pathOf} from '../../vfs/mount-tree.ts'
import {READ} from '../../vfs/path-policy.ts'
import {CREATE, FOLLOW, type LastLink, NAME, resolveLast} from '../../vfs/path-walk.ts'
import {readPath, startDirectory} from '../syscalls/path-argument.ts'
import {fromByteString, MAX_VALUE_BYTES} from './argument-value.ts'
import type {TracedCall} from './traced-call.ts'

/** They mean a link at a path's end itself. */
const ON_LINKS: ReadonlySet<string> = new Set(
  (
    'lstat readlink readlinkat lchown lsetxattr lgetxattr llistxattr lremovexattr link unlink unlinkat rmdir rename ' +
    'renameat renameat2 mkdir mkdirat mknod mknodat symlink symlinkat'
  ).split(' '),
)
/** Their first path is what a link shall say, and leads nowhere yet. */
const LINK_TEXTS: ReadonlySet<string> = new Set(['symlink', 'symlinkat'])

/** @throws Errno EFAULT, ENAMETOOLONG */
export function pathArgument(call: TracedCall, index: number): {value: string; resolved: string | undefined} {
  const path = readPath(call.task, call.address(index))
  const isText = index === 0 && LINK_TEXTS.has(call.name)
  const resolved = isText ? undefined : orNothing(() => resolvedPath(call, index, path))
  return {
    value: fromByteString(path),
    resolved: resolved && fromByteString(resolved.slice(0, MAX_VALUE_BYTES)),
  }
}

/** From the top of the tree, whatever chroot(2) says; the walk is nobody's: no policy hears of it. */
function resolvedPath(call: TracedCall, index: number, path: ByteString): ByteString {
  const {task} = call
  const {fs, credentials, kernel} = task
  const {top} = kernel.rootMount
  const dirfd = call.words[index - 1] === 'dirfd' ? call.int32(index - 1) : AT_FDCWD
  if (path === '' && flagsOf(call, 'atflags') & AT_EMPTY_PATH)
    return nameOf(dirfd === AT_FDCWD ? fs.cwd : task.fds.description(dirfd).location, top)
  const start = startDirectory(task, dirfd, path)
  const last = lastLink(call)
  const {found, parent, name} = resolveLast({root: fs.root, credentials}, start, path, last, READ)
  if (found !== undefined) return nameOf(found, top)
  const directory = nameOf(parent, top)
  return `${directory === '/' ? '' : directory}/${name}`
}

function nameOf(location: Location | undefined, top: Location): ByteString {
  return location === undefined ? '' : pathOf(location, top).path
}

/** What becomes of a link at the path's end. */
function lastLink(call: TracedCall): LastLink {
  if (call.name === 'creat') return CREATE
  const flags = openFlagsOf(call)
  if (flags !== undefined) {
    if (flags & O_NOFOLLOW || (flags & O_CREAT && flags & O_EXCL)) return NAME
    return flags & O_CREAT ? CREATE : FOLLOW
  }
  const at = flagsOf(call, 'atflags') | flagsOf(call, 'statxflags')
  if (call.name === 'linkat') return at & AT_SYMLINK_FOLLOW ? FOLLOW : NAME
  return at & AT_SYMLINK_NOFOLLOW || ON_LINKS.has(call.name) ? NAME : FOLLOW
}

/** @throws Errno EFAULT */
function openFlagsOf(call: TracedCall): number | undefined {
  const how = call.words.indexOf('open_how')
  if (how >= 0) return arch.kernelAbi.openFlags(call.memory.readInt32(call.address(how)))
  return call.words.includes('openflags') ? arch.kernelAbi.openFlags(flagsOf(call, 'openflags')) : undefined
}

function flagsOf(call: TracedCall, kind: string): number {
  const index = call.words.indexOf(kind)
  return index < 0 ? 0 : call.int32(index)
}

function orNothing<Value>(find: () => Value): Value | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof Errno) return undefined
    throw error
  }
}
