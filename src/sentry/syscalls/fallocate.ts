// fallocate(2).

import {opensForWriting} from '../../abi/access-mode.ts'
import {EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFDIR, S_IFIFO, S_IFREG} from '../../abi/file-mode.ts'
import {IN_MODIFY} from '../../abi/inotify.ts'
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import {clearSetId} from '../../vfs/set-id-bits.ts'
import {tell} from '../../vfs/watchers.ts'
import {type Walk, walk} from '../core/slices.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {checkFileSize} from '../fd/transfer-limits.ts'
import {invalidateBehind, invalidateHole} from '../memory/invalidate.ts'

const MOVES = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE
const MODES = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | MOVES

export const fallocate: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const mode = args.uint32(1)
  const offset = args.int64(2)
  const length = args.int64(3)
  if (offset < 0 || length <= 0) throw new Errno(EINVAL)
  if (mode & ~MODES) throw new Errno(EOPNOTSUPP)
  if (mode & FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE)) throw new Errno(EOPNOTSUPP)
  if (!opensForWriting(file.flags)) throw new Errno(EBADF)

  const {kind} = file.inode
  if (kind === S_IFIFO) throw new Errno(ESPIPE)
  if (kind === S_IFDIR) throw new Errno(EISDIR)
  if (kind !== S_IFREG) throw new Errno(ENODEV)
  const end = offset + length
  if (end > MAX_OFFSET) throw new Errno(EFBIG)
  if (!(mode & FALLOC_FL_KEEP_SIZE)) checkFileSize(task, file.inode, end)
  clearSetId(task.credentials, file.inode)
  tell(file.inode, IN_MODIFY, file.openedAt)
  if (!(mode & ~FALLOC_FL_KEEP_SIZE)) {
    return allocating.resume(task, {at: offset, end, result: 0, file, mode})
  }

  file.allocate(mode, offset, length)
  const processes = task.kernel.processes.values()
  // Where bytes move, mappings read them anew, even private copies (Linux's truncate_pagecache).
  if (mode & MOVES) invalidateBehind(processes, file.inode, offset)
  else invalidateHole(processes, file.inode, offset, end)
  return 0
}

const allocating = walk<Walk & {readonly file: FileDescription; readonly mode: number}>(
  'fallocate',
  (_task, {file, mode, at, end}) => at + file.allocate(mode, at, end - at),
)
