// copy_file_range(2).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EBADF, EINVAL, EOVERFLOW, Errno} from '../../abi/errno.ts'
import {O_APPEND} from '../../abi/open-flags.ts'
import {WORD_END} from '../../abi/word.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile, requireRegular} from '../fd/descriptor-argument.ts'
import {FileSource, pump} from '../fd/pump.ts'

export const copyFileRange: Syscall = (task, args) => {
  const {memory} = task
  const input = openFile(task, args.int32(0))
  const output = openFile(task, args.int32(2))
  const inAddress = args.address(1)
  const outAddress = args.address(3)
  const from = inAddress === 0 ? input.position : memory.readInt64(inAddress)
  const to = outAddress === 0 ? output.position : memory.readInt64(outAddress)
  if (args.uint32(5) !== 0) throw new Errno(EINVAL)
  requireRegular(input, output)
  const canCopy = opensForReading(input.flags) && opensForWriting(output.flags)
  if (!canCopy || output.flags & O_APPEND) throw new Errno(EBADF)
  if (from < 0 || to < 0) throw new Errno(EINVAL)
  const wanted = args.address(4)
  if (Math.max(from, to) + wanted >= WORD_END) throw new Errno(EOVERFLOW)
  // Within one file the copy makes it longer: only what it had when the call began is copied.
  const length = Math.min(wanted, Math.max(0, input.inode.attributes().size - from), MAX_RW_COUNT)
  if (input.inode === output.inode && from < to + length && to < from + length) throw new Errno(EINVAL)

  return pump(task, {
    source: new FileSource(input, from),
    sink: {file: output, position: to},
    length,
    isNonBlocking: false,
    offsets: [
      {file: input, address: inAddress, start: from},
      {file: output, address: outAddress, start: to},
    ],
  })
}
