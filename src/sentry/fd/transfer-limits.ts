// Limits of a transfer: how long it is, where it may end, and how large it may make a regular file (RLIMIT_FSIZE: SIGXFSZ, EFBIG).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EFBIG, EINVAL, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import {O_APPEND} from '../../abi/open-flags.ts'
import {SIGXFSZ} from '../../abi/signal.ts'
import {LAST_OFFSET} from '../../abi/word.ts'
import type {FileDescription, Inode} from '../../vfs/file.ts'
import {RLIMIT_FSIZE, UNLIMITED} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {raiseOwn} from '../signals/send.ts'

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

/** A buffer must lie in user space, however long it is (access_ok); only a part of a long one is used. @throws Errno EFAULT */
export function clampBuffer(task: Task, address: number, count: number): number {
  if (count <= MAX_RW_COUNT) return count
  task.memory.check(address, count)
  return MAX_RW_COUNT
}

/**
 * A count with the top bit set is invalid (rw_verify_area); a large one is cut.
 * @param count as a signed word @throws Errno EINVAL
 */
export function clampCount(count: number, position: number | undefined): number {
  if (count < 0) throw new Errno(EINVAL)
  checkPosition(position, count)
  return Math.min(count, MAX_RW_COUNT)
}

/** Ranges that end past the last offset are refused (rw_verify_area). @throws Errno EINVAL */
export function checkPosition(position: number | undefined, count: number): void {
  if (position !== undefined && position + count > LAST_OFFSET) throw new Errno(EINVAL)
}
