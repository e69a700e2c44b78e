// posix_fadvise(2), readahead(2): advice that the sentry does not need.

import {EBADF, EINVAL, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFIFO, S_IFREG} from '../../abi/file-mode.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile, readableFile} from '../fd/descriptor-argument.ts'

const POSIX_FADV_NOREUSE = 5

export const fadvise64: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  if (file.inode.kind === S_IFIFO) throw new Errno(ESPIPE)
  if (args.int64(2) < 0 || args.uint32(3) > POSIX_FADV_NOREUSE) throw new Errno(EINVAL)
  return 0
}

export const readahead: Syscall = (task, args) => {
  const fd = args.int32(0)
  if (fd < 0) throw new Errno(EBADF)
  const file = readableFile(task, fd)
  if (file.inode.kind !== S_IFREG || args.int64(2) < 0) throw new Errno(EINVAL)
  return 0
}
