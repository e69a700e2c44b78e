// RLIMIT_FSIZE: how large a task may make a regular file (man 2 setrlimit): SIGXFSZ and EFBIG beyond.

import {EFBIG, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {O_APPEND} from '../../abi/open-flags.ts'
import {SIGXFSZ} from '../../abi/signal.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import {RLIMIT_FSIZE, UNLIMITED} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {raiseOwn} from '../signals/own.ts'

/**
 * Checks that the file may grow to `size`. Shrinking is always allowed.
 * @throws Errno EFBIG, with SIGXFSZ raised
 */
export function checkFileSize(task: Task, inode: Inode, size: number): void {
  const limit = task.process.limits.get(RLIMIT_FSIZE).soft
  if (size <= limit || inode.kind !== S_IFREG || size <= inode.attributes().size) return
  refuse(task)
}

/**
 * How many of `length` bytes may be written at `position` (undefined: the file offset).
 * @throws Errno EFBIG, with SIGXFSZ raised, when there are none
 */
export function limitWrite(
  task: Task,
  file: FileDescription,
  length: number,
  position: number | undefined,
): number {
  const limit = task.process.limits.get(RLIMIT_FSIZE).soft
  if (limit === UNLIMITED || file.inode.kind !== S_IFREG || length === 0) return length
  const start = file.flags & O_APPEND ? file.inode.attributes().size : (position ?? file.position)
  if (start >= limit) refuse(task)
  return Math.min(length, limit - start)
}

function refuse(task: Task): never {
  raiseOwn(task, SIGXFSZ)
  throw new Errno(EFBIG)
}
