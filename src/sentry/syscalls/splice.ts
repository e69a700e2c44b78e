// splice(2), tee(2). Bytes are copied: a pipe holds no pages here.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EBADF, EINVAL, Errno, ESPIPE} from '../../abi/errno.ts'
import {SPLICE_F_NONBLOCK, SPLICE_FLAGS} from '../../abi/iovec.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {PipeDescription} from '../../vfs/pipe.ts'
import type {Syscall} from '../core/syscall.ts'
import {hasPositions, openFile, readableFile, writableFile} from '../fd/descriptor-argument.ts'
import {
  FileSource,
  isPeekable,
  type Offset,
  PipeSource,
  pump,
  requireSink,
  requireSource,
  SocketSource,
  type Source,
  StreamSource,
  TeeSource,
} from '../fd/pump.ts'
import {checkPosition, clampCount} from '../fd/transfer-limits.ts'

export const splice: Syscall = (task, args) => {
  const flags = args.uint32(5)
  const count = args.int64(4)
  if (count === 0) return 0
  if (flags & ~SPLICE_FLAGS) throw new Errno(EINVAL)
  const input = openFile(task, args.int32(0))
  const output = openFile(task, args.int32(2))
  const inAddress = args.address(1)
  const outAddress = args.address(3)
  if (input instanceof PipeDescription && inAddress !== 0) throw new Errno(ESPIPE)
  if (output instanceof PipeDescription && outAddress !== 0) throw new Errno(ESPIPE)
  const to = outAddress === 0 ? undefined : task.memory.readInt64(outAddress)
  const from = inAddress === 0 ? undefined : task.memory.readInt64(inAddress)
  requireEnds(input, output)
  checkOffset(input, from)
  checkOffset(output, to)
  const length = clampCount(count, from ?? input.position)
  checkPosition(to, count)

  const start = from ?? input.position
  const offsets: Offset[] = []
  if (hasPositions(input)) offsets.push({file: input, address: inAddress, start})
  if (to !== undefined) offsets.push({file: output, address: outAddress, start: to})
  return pump(task, {
    source: sourceOf(input, output, start),
    sink: {file: output, position: to},
    length,
    isNonBlocking: (flags & SPLICE_F_NONBLOCK) !== 0,
    offsets,
  })
}

function sourceOf(input: FileDescription, output: FileDescription, start: number): Source {
  if (input instanceof PipeDescription) return new PipeSource(input)
  if (isHostStream(input) && output instanceof PipeDescription) return new StreamSource(input, output)
  return isPeekable(input) ? new SocketSource(input) : new FileSource(input, start)
}

/** A pipe, terminal or socket that hv inherited. */
function isHostStream({hostFd}: FileDescription): boolean {
  return hostFd !== undefined
}

/** @throws Errno EBADF: not open for it; EINVAL: neither is a pipe, both are the same one, or the other cannot be spliced */
function requireEnds(input: FileDescription, output: FileDescription): void {
  if (!opensForReading(input.flags) || !opensForWriting(output.flags)) throw new Errno(EBADF)
  if (input instanceof PipeDescription) {
    if (!(output instanceof PipeDescription)) requireSink(output)
    else if (input.pipe === output.pipe) throw new Errno(EINVAL)
  } else {
    const isReadable = hasPositions(input) || isPeekable(input) || isHostStream(input)
    if (!(output instanceof PipeDescription) || !isReadable) throw new Errno(EINVAL)
    requireSource(input)
  }
}

/** @throws Errno EINVAL: a stream has no offsets */
function checkOffset(file: FileDescription, offset: number | undefined): void {
  if (offset !== undefined && (offset < 0 || !hasPositions(file))) throw new Errno(EINVAL)
}

export const tee: Syscall = (task, args) => {
  const flags = args.uint32(3)
  const length = Math.min(args.address(2), MAX_RW_COUNT)
  if (flags & ~SPLICE_FLAGS) throw new Errno(EINVAL)
  if (length === 0) return 0
  const input = readableFile(task, args.int32(0))
  const output = writableFile(task, args.int32(1))
  if (
    !(input instanceof PipeDescription && output instanceof PipeDescription) ||
    input.pipe === output.pipe
  ) {
    throw new Errno(EINVAL)
  }
  return pump(task, {
    source: new TeeSource(input),
    sink: {file: output, position: undefined},
    length,
    isNonBlocking: (flags & SPLICE_F_NONBLOCK) !== 0,
    offsets: [],
  })
}
