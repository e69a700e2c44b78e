// read(2), pread(2).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {LAST_OFFSET} from '../../abi/word.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readableAt, readableFile} from '../fd/descriptor-argument.ts'
import {readRange} from '../fd/transfer.ts'

export const read: Syscall = (task, args) => {
  const file = readableFile(task, args.int32(0))
  const address = args.address(1)
  return readRange(task, file, address, clampBuffer(task, address, args.address(2)), undefined)
}

export const pread64: Syscall = (task, args) => {
  const position = args.int64(3)
  if (position < 0) throw new Errno(EINVAL)
  const file = readableAt(task, args.int32(0))
  const address = args.address(1)
  const count = args.address(2)
  const length = clampBuffer(task, address, count)
  checkPosition(position, count)
  return readRange(task, file, address, length, position)
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
