// read(2), pread(2).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Task} from '../task.ts'
import {readableAt, readableFile} from './descriptor-argument.ts'
import type {Syscall} from './syscall.ts'
import {readRange} from './transfer.ts'

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
  return readRange(task, file, address, clampBuffer(task, address, args.address(2)), position)
}

/** A buffer must lie in user space, however long it is (access_ok); of a long one a part is used. @throws Errno EFAULT */
export function clampBuffer(task: Task, address: number, count: number): number {
  if (count <= MAX_RW_COUNT) return count
  task.memory.check(address, count)
  return MAX_RW_COUNT
}

/** A count with the top bit set is no count (rw_verify_area); a large one is cut. @throws Errno EINVAL */
export function clampCount(count: number): number {
  if (count <= MAX_RW_COUNT) return count
  if (count >= 2 ** 63) throw new Errno(EINVAL)
  return MAX_RW_COUNT
}
