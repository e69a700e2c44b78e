// lseek(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SEEK_HOLE} from '../../abi/open-flags.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile} from '../fd/descriptor-argument.ts'

export const lseek: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const whence = args.uint32(2)
  if (whence > SEEK_HOLE) throw new Errno(EINVAL)
  return file.seek(args.int64(1), whence)
}
