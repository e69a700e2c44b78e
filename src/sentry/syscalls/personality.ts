// personality(2): Linux's own execution domain; its flags are kept and reported.

import {EINVAL, Errno} from '../../abi/errno.ts'
import type {Syscall} from './syscall.ts'

const QUERY = 0xffff_ffff
const PER_MASK = 0xff

export const personality: Syscall = (task, args) => {
  const wanted = args.uint32(0)
  const old = task.process.personality
  if (wanted === QUERY) return old
  // Another domain's calls and signals would need another table.
  if ((wanted & PER_MASK) !== 0) throw new Errno(EINVAL)
  task.process.personality = wanted
  return old
}
