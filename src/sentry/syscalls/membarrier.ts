// membarrier(2): a barrier on every CPU that runs the process. With one CPU that is none.

import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import type {Syscall} from './syscall.ts'

const QUERY = 0
const GLOBAL = 1
const PRIVATE_EXPEDITED = 1 << 3
const REGISTER_PRIVATE_EXPEDITED = 1 << 4

const REGISTERED = 'membarrier'

export const membarrier: Syscall = (task, args) => {
  if (args.uint32(1) !== 0) throw new Errno(EINVAL)
  const {attributes} = task.process
  switch (args.int32(0)) {
    case QUERY:
      return GLOBAL | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED
    case GLOBAL:
      return 0
    case REGISTER_PRIVATE_EXPEDITED:
      attributes.set(REGISTERED, 1)
      return 0
    case PRIVATE_EXPEDITED:
      if (!attributes.has(REGISTERED)) throw new Errno(EPERM)
      return 0
    default:
      throw new Errno(EINVAL)
  }
}
