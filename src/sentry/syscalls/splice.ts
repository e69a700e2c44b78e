// splice(2), tee(2). Bytes are copied: a pipe holds no pages here.

import {EINVAL, Errno, ESPIPE} from '../../abi/errno.ts'
import {S_IFBLK, S_IFCHR, S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import {O_APPEND} from '../../abi/open-flags.ts'
import type {OpenFile} from '../../vfs/file.ts'
import {PipeEnd} from '../../vfs/pipe.ts'
import type {Task} from '../task.ts'
import {readableFile, writableFile} from './descriptor-argument.ts'
import {fileSource, pipeSource, pump, type Sink, type Source} from './pump.ts'
import {clampCount} from './read.ts'
import type {Syscall} from './syscall.ts'

export const SPLICE_F_NONBLOCK = 2
/** MOVE, NONBLOCK, MORE, GIFT. */
export const SPLICE_FLAGS = 0xf

export const splice: Syscall = (task, args) => {
  const flags = args.uint32(5)
  const length = clampCount(args.address(4))
  if (flags & ~SPLICE_FLAGS) throw new Errno(EINVAL)
  if (length === 0) return 0
  const input = readableFile(task, args.int32(0))
  const output = writableFile(task, args.int32(2))
  if (!(input instanceof PipeEnd) && !(output instanceof PipeEnd)) throw new Errno(EINVAL)
  if (input instanceof PipeEnd && output instanceof PipeEnd && input.pipe === output.pipe) {
    throw new Errno(EINVAL)
  }
  if (!(output instanceof PipeEnd) && output.flags & O_APPEND) throw new Errno(EINVAL)

  const inAddress = args.address(1)
  const outAddress = args.address(3)
  const from = offsetArgument(task, input, inAddress)
  const to = offsetArgument(task, output, outAddress)
  const sink: Sink = {file: output, position: to}
  const finish = (moved: number) => {
    if (from !== undefined) task.memory.writeInt64(inAddress, from + moved)
    else if (hasOffset(input)) input.position += moved
    if (to !== undefined) task.memory.writeInt64(outAddress, to + moved)
    return moved
  }
  return pump(task, sourceOf(input, from), sink, length, (flags & SPLICE_F_NONBLOCK) !== 0, finish)
}

export const tee: Syscall = (task, args) => {
  const flags = args.uint32(3)
  const length = clampCount(args.address(2))
  if (flags & ~SPLICE_FLAGS) throw new Errno(EINVAL)
  if (length === 0) return 0
  const input = readableFile(task, args.int32(0))
  const output = writableFile(task, args.int32(1))
  if (!(input instanceof PipeEnd && output instanceof PipeEnd) || input.pipe === output.pipe) {
    throw new Errno(EINVAL)
  }
  // What stays in the pipe can be copied once.
  const available = Math.min(length, input.pipe.length || length)
  const source: Source = {file: input, peek: (target) => input.pipe.peek(target), take: () => {}}
  const nonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0
  return pump(task, source, {file: output, position: undefined}, available, nonBlocking, (moved) => moved)
}

/** @throws Errno ESPIPE for an offset on a stream, EINVAL */
function offsetArgument(task: Task, file: OpenFile, address: number): number | undefined {
  if (address === 0) return undefined
  if (file instanceof PipeEnd || !hasOffset(file)) throw new Errno(ESPIPE)
  const offset = task.memory.readInt64(address)
  if (offset < 0) throw new Errno(EINVAL)
  return offset
}

function sourceOf(file: OpenFile, from: number | undefined): Source {
  if (file instanceof PipeEnd) return pipeSource(file)
  if (file.inode.kind === S_IFDIR || !hasOffset(file)) throw new Errno(EINVAL)
  return fileSource(file, from ?? file.position)
}

function hasOffset({inode}: OpenFile): boolean {
  return inode.kind === S_IFREG || inode.kind === S_IFBLK || inode.kind === S_IFCHR
}
