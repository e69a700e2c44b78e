// fsync(2), fdatasync(2), sync(2), syncfs(2), sync_file_range(2).

import {EINVAL, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFBLK, S_IFDIR, S_IFLNK, S_IFREG} from '../../abi/file-mode.ts'
import {LAST_OFFSET} from '../../abi/word.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {noteMappedWrites} from '../memory/invalidate.ts'

/** SYNC_FILE_RANGE_WAIT_BEFORE | WRITE | WAIT_AFTER. */
const SYNC_FILE_RANGE_FLAGS = 7

/** Also fdatasync: the sentry does not distinguish data and metadata. */
export const fsync: Syscall = (task, args) => {
  syncFile(task, openFile(task, args.int32(0)))
  return 0
}

export const sync: Syscall = (task) => {
  for (const [, {file}] of task.fds.entries()) trySync(task, file)
  return 0
}

export const syncfs: Syscall = (task, args) => {
  openFile(task, args.int32(0))
  return sync(task, args)
}

export const syncFileRange: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const offset = args.int64(1)
  const length = args.int64(2)
  if (args.uint32(3) & ~SYNC_FILE_RANGE_FLAGS || offset < 0 || length < 0) throw new Errno(EINVAL)
  if (offset + length > LAST_OFFSET) throw new Errno(EINVAL)
  const {kind} = file.inode
  if (kind !== S_IFREG && kind !== S_IFBLK && kind !== S_IFDIR && kind !== S_IFLNK) throw new Errno(ESPIPE)
  if (kind === S_IFREG) trySync(task, file)
  return 0
}

function syncFile(task: Task, file: FileDescription): void {
  noteMappedWrites(task.kernel.processes.values(), file.inode)
  file.sync()
}

/** Files that cannot be synced (EINVAL), or fail to, are skipped: sync never reports them. */
function trySync(task: Task, file: FileDescription): void {
  unlessErrno(() => syncFile(task, file))
}
