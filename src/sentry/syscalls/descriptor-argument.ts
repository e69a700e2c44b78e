// A descriptor argument: the open file it stands for, and what reads and writes demand of it.

import {EBADF, Errno} from '../../abi/errno.ts'
import {O_ACCMODE, O_PATH, O_RDONLY, O_WRONLY} from '../../abi/open-flags.ts'
import type {OpenFile} from '../../vfs/file.ts'
import type {Task} from '../task.ts'

/** @throws Errno EBADF, also for O_PATH descriptors */
export function openFile(task: Task, fd: number): OpenFile {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH) throw new Errno(EBADF)
  return file
}

/** @throws Errno EBADF when not open for reading */
export function readableFile(task: Task, fd: number): OpenFile {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH || (file.flags & O_ACCMODE) === O_WRONLY) throw new Errno(EBADF)
  return file
}

/** @throws Errno EBADF when not open for writing */
export function writableFile(task: Task, fd: number): OpenFile {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH || (file.flags & O_ACCMODE) === O_RDONLY) throw new Errno(EBADF)
  return file
}
