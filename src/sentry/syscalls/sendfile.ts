// sendfile(2).

import {EINVAL, Errno, ESPIPE} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'
import {hasPositions, readableFile, writableFile} from '../fd/descriptor-argument.ts'
import {FileSource, pump, requireSink, requireSource} from '../fd/pump.ts'
import {clampCount} from '../fd/transfer-limits.ts'

export const sendfile: Syscall = (task, args) => {
  const offsetAddress = args.address(2)
  const offset = offsetAddress === 0 ? undefined : task.memory.readInt64(offsetAddress)
  const input = readableFile(task, args.int32(1))
  if (offset !== undefined && !hasPositions(input)) throw new Errno(ESPIPE)
  if (offset !== undefined && offset < 0) throw new Errno(EINVAL)
  const output = writableFile(task, args.int32(0))
  if (!hasPositions(input)) throw new Errno(EINVAL)
  requireSource(input)
  requireSink(output)

  const start = offset ?? input.position
  return pump(task, {
    source: new FileSource(input, start),
    sink: {file: output, position: undefined},
    length: clampCount(args.int64(3), start),
    isNonBlocking: false,
    offsets: [{file: input, address: offsetAddress, start}],
  })
}
