// write(2), pwrite(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import {writableAt, writableFile} from '../fd/descriptor-argument.ts'
import {writeRange} from '../fd/transfer.ts'
import {checkPosition, clampBuffer} from '../fd/transfer-limits.ts'

export const write: Syscall = (task, args) => {
  const file = writableFile(task, args.int32(0))
  const address = args.address(1)
  return writeRange(task, file, address, clampBuffer(task, address, args.address(2)), undefined)
}

export const pwrite64: Syscall = (task, args) => {
  const position = args.int64(3)
  if (position < 0) throw new Errno(EINVAL)
  const file = writableAt(task, args.int32(0))
  const address = args.address(1)
  const count = args.address(2)
  const length = clampBuffer(task, address, count)
  checkPosition(position, count)
  return writeRange(task, file, address, length, position)
}
