// openat2(2): open with a structure that may grow, and without unknown flags.

import {
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../abi/at-flags.ts'
import {E2BIG, EAGAIN, EINVAL, Errno} from '../../abi/errno.ts'
import {
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE,
  OPEN_HOW_SIZE,
} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import {PathRestriction} from '../../vfs/path-restriction.ts'
import type {Syscall} from '../core/syscall.ts'
import {openPathAt} from '../fd/open-file.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'

const PAGE_SIZE = 4096
/** Everything that open(2) has a name for. */
const VALID_FLAGS = 0o37777703
/** Flags allowed with O_PATH: open(2) ignores others. */
const PATH_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
const TMPFILE_ONLY = O_TMPFILE & ~O_DIRECTORY
const KNOWN_RESOLVE =
  RESOLVE_BENEATH |
  RESOLVE_CACHED |
  RESOLVE_IN_ROOT |
  RESOLVE_NO_MAGICLINKS |
  RESOLVE_NO_SYMLINKS |
  RESOLVE_NO_XDEV

export const openat2: Syscall = (task, args) => {
  const dirfd = args.int32(0)
  const size = args.address(3)
  if (size < OPEN_HOW_SIZE) throw new Errno(EINVAL)
  if (size > PAGE_SIZE) throw new Errno(E2BIG)
  const how = task.memory.readBytes(args.address(2), size)
  if (how.subarray(OPEN_HOW_SIZE).some((byte) => byte !== 0)) throw new Errno(E2BIG)

  const words = new DataView(how.buffer, how.byteOffset)
  for (const high of [4, 12, 20]) {
    if (words.getUint32(high, true) !== 0) throw new Errno(EINVAL)
  }
  const flags = arch.kernelAbi.openFlags(words.getUint32(0, true)) >>> 0
  const mode = words.getUint32(8, true)
  const resolve = words.getUint32(16, true)
  checkFlags(flags, mode, resolve)

  const path = readPath(task, args.address(1))
  const start = startDirectory(task, dirfd, path)
  const walk = {
    ...pathContext(task),
    ...(resolve & RESOLVE_IN_ROOT && {root: start}),
    ...(resolve !== 0 && {restriction: new PathRestriction(resolve, start)}),
  }
  const permissions = mode & ~task.fs.umask
  return openPathAt(task, {walk, start, path, flags, permissions})
}

/** In Linux's order (fs/open.c, build_open_flags). @throws Errno EINVAL, EAGAIN */
function checkFlags(flags: number, mode: number, resolve: number): void {
  const creates = (flags & (O_CREAT | TMPFILE_ONLY)) !== 0
  if (flags & ~VALID_FLAGS || resolve & ~KNOWN_RESOLVE) throw new Errno(EINVAL)
  if (resolve & RESOLVE_BENEATH && resolve & RESOLVE_IN_ROOT) throw new Errno(EINVAL)
  if (mode & ~0o7777 || (mode !== 0 && !creates)) throw new Errno(EINVAL)
  if (flags & O_CREAT && flags & O_DIRECTORY) throw new Errno(EINVAL)
  const isForDirectory = (flags & O_DIRECTORY) !== 0 && (flags & O_ACCMODE) !== O_RDONLY
  if (flags & TMPFILE_ONLY && !isForDirectory) throw new Errno(EINVAL)
  if (flags & O_PATH && flags & ~PATH_FLAGS) throw new Errno(EINVAL)
  // It asks for an answer from a cache that the sentry does not have: the caller must retry without it.
  if (resolve & RESOLVE_CACHED) throw new Errno(EAGAIN)
}
