// A descriptor argument: the open file it stands for, and what reads and writes demand of it.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EBADF, Errno} from '../../abi/errno.ts'
import {O_PATH} from '../../abi/open-flags.ts'
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
  if (file.flags & O_PATH || !opensForReading(file.flags)) throw new Errno(EBADF)
  return file
}

/** @throws Errno EBADF when not open for writing */
export function writableFile(task: Task, fd: number): OpenFile {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH || !opensForWriting(file.flags)) throw new Errno(EBADF)
  return file
}
