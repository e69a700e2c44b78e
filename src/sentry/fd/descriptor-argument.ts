// A descriptor argument: the file description that it stands for, and what reads and writes require of it.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EBADF, EINVAL, EISDIR, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK} from '../../abi/file-mode.ts'
import {O_PATH} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Task} from '../core/task.ts'

/** @throws Errno EBADF, also for O_PATH descriptors */
export function openFile(task: Task, fd: number): FileDescription {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH) throw new Errno(EBADF)
  return file
}

/** For pread(2). @throws Errno EBADF; ESPIPE for a stream, whether or not it can be read */
export function readableAt(task: Task, fd: number): FileDescription {
  requirePositions(openFile(task, fd))
  return readableFile(task, fd)
}

/** For pwrite(2). @throws Errno EBADF; ESPIPE for a stream, whether or not it can be written */
export function writableAt(task: Task, fd: number): FileDescription {
  requirePositions(openFile(task, fd))
  return writableFile(task, fd)
}

/** @throws Errno ESPIPE */
function requirePositions(file: FileDescription): void {
  if (!hasPositions(file)) throw new Errno(ESPIPE)
}

/** Pipes, sockets, and files without a type (eventfds and the like) are streams. */
export function hasPositions({inode}: FileDescription): boolean {
  return inode.kind !== S_IFIFO && inode.kind !== S_IFSOCK && inode.kind !== 0
}

/** @throws Errno EBADF when not open for reading */
export function readableFile(task: Task, fd: number): FileDescription {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH || !opensForReading(file.flags)) throw new Errno(EBADF)
  return file
}

/** @throws Errno EBADF when not open for writing */
export function writableFile(task: Task, fd: number): FileDescription {
  const file = task.fds.get(fd)
  if (file.flags & O_PATH || !opensForWriting(file.flags)) throw new Errno(EBADF)
  return file
}

/** @throws Errno EISDIR, EINVAL */
export function requireRegular(...files: FileDescription[]): void {
  if (files.some(({inode}) => inode.kind === S_IFDIR)) throw new Errno(EISDIR)
  if (files.some(({inode}) => inode.kind !== S_IFREG)) throw new Errno(EINVAL)
}
