// ioctl_ficlone(2), ioctl_ficlonerange(2): no file system here shares blocks, which is checked last, as in Linux.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EBADF, EOPNOTSUPP, Errno, EXDEV} from '../../abi/errno.ts'
import {O_APPEND} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {requireRegular} from './copy-file-range.ts'

const FILE_CLONE_RANGE_BYTES = 32

/** FICLONE: the argument is the source. @throws Errno EBADF, EXDEV, EISDIR, EINVAL; in the end EOPNOTSUPP */
export function cloneFile(task: Task, output: FileDescription, sourceFd: number): never {
  const input = openFile(task, sourceFd)
  if (input.inode.fs !== output.inode.fs) throw new Errno(EXDEV)
  requireRegular(input, output)
  const canCopy = opensForReading(input.flags) && opensForWriting(output.flags)
  throw new Errno(canCopy && !(output.flags & O_APPEND) ? EOPNOTSUPP : EBADF)
}

/** FICLONERANGE: struct file_clone_range starts with the source, 64 bits wide. */
export function cloneRange(task: Task, output: FileDescription, address: number): never {
  const bytes = task.memory.readBytes(address, FILE_CLONE_RANGE_BYTES)
  return cloneFile(task, output, new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true))
}
