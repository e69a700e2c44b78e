// read(2), pread(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import {readableAt, readableFile} from '../fd/descriptor-argument.ts'
import {readRange} from '../fd/transfer.ts'
import {checkPosition, clampBuffer} from '../fd/transfer-limits.ts'

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
