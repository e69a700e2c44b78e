// readv(2), preadv(2), preadv2(2), writev(2), pwritev(2), pwritev2(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {RWF_APPEND, RWF_DSYNC, RWF_HIPRI, RWF_NOWAIT, RWF_SYNC} from '../../abi/iovec.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {totalLength} from '../core/iovec.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {readableAt, readableFile, writableAt, writableFile} from '../fd/descriptor-argument.ts'
import {readRange, readRanges, withFlags, writeRange, writeRanges} from '../fd/transfer.ts'
import {checkPosition} from '../fd/transfer-limits.ts'

const READ_FLAGS = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT
const WRITE_FLAGS = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND

export const readv: Syscall = (task, args) => readVector(task, args, undefined)
export const writev: Syscall = (task, args) => writeVector(task, args, undefined)
export const preadv: Syscall = (task, args) => readVector(task, args, positionOf(args))
export const pwritev: Syscall = (task, args) => writeVector(task, args, positionOf(args))

export const preadv2: Syscall = (task, args) => {
  const flags = args.uint32(5)
  const position = optionalPosition(args)
  const file = readableVector(task, args, position)
  if (flags & ~READ_FLAGS) throw new Errno(EOPNOTSUPP)
  if (!(flags & RWF_NOWAIT)) return readVector(task, args, position)
  return withFlags(file, O_NONBLOCK, () => readVector(task, args, position))
}

export const pwritev2: Syscall = (task, args) => {
  const flags = args.uint32(5)
  const position = optionalPosition(args)
  const file = writableVector(task, args, position)
  const known = file.writesRecords ? RWF_HIPRI : WRITE_FLAGS
  if (flags & ~known) throw new Errno(EOPNOTSUPP)
  if (!(flags & (RWF_APPEND | RWF_DSYNC | RWF_SYNC))) return writeVector(task, args, position)
  const ranges = task.memory.readIovecs(args.address(1), args.uint32(2))
  checkPosition(position, totalLength(ranges))
  return writeRanges(task, file, ranges, position, flags)
}

function readableVector(task: Task, args: Arguments, position: number | undefined): FileDescription {
  return (position === undefined ? readableFile : readableAt)(task, args.int32(0))
}

function writableVector(task: Task, args: Arguments, position: number | undefined): FileDescription {
  return (position === undefined ? writableFile : writableAt)(task, args.int32(0))
}

function readVector(task: Task, args: Arguments, position: number | undefined): number {
  const file = readableVector(task, args, position)
  const ranges = task.memory.readIovecs(args.address(1), args.uint32(2))
  checkPosition(position, totalLength(ranges))
  if (ranges.length === 0) return 0
  if (ranges.length === 1) return readRange(task, file, ranges[0].address, ranges[0].length, position)
  return readRanges(task, file, ranges, position)
}

function writeVector(task: Task, args: Arguments, position: number | undefined): number {
  const file = writableVector(task, args, position)
  const ranges = task.memory.readIovecs(args.address(1), args.uint32(2))
  checkPosition(position, totalLength(ranges))
  if (ranges.length === 0) return 0
  if (ranges.length === 1 && ranges[0].length > 0)
    return writeRange(task, file, ranges[0].address, ranges[0].length, position)
  return writeRanges(task, file, ranges, position)
}

/** The fourth argument; the fifth, its high half on 32-bit machines, is ignored here. */
function positionOf(args: Arguments): number {
  const position = args.int64(3)
  if (position < 0) throw new Errno(EINVAL)
  return position
}

/** -1 stands for the file offset. */
function optionalPosition(args: Arguments): number | undefined {
  return args.int64(3) === -1 ? undefined : positionOf(args)
}
