// seccomp(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import * as abi from '../../abi/seccomp.ts'
import type {Syscall} from '../core/syscall.ts'
import {addFilter, setStrict} from '../task/seccomp-options.ts'

/** Without SECCOMP_RET_USER_NOTIF. */
const ACTIONS: readonly number[] = [
  abi.SECCOMP_RET_KILL_PROCESS,
  abi.SECCOMP_RET_KILL_THREAD,
  abi.SECCOMP_RET_TRAP,
  abi.SECCOMP_RET_ERRNO,
  abi.SECCOMP_RET_TRACE,
  abi.SECCOMP_RET_LOG,
  abi.SECCOMP_RET_ALLOW,
]

export const seccomp: Syscall = (task, args) => {
  const flags = args.uint32(1)
  const address = args.address(2)
  switch (args.uint32(0)) {
    case abi.SECCOMP_SET_MODE_STRICT:
      if (flags !== 0 || address !== 0) throw new Errno(EINVAL)
      return setStrict(task)
    case abi.SECCOMP_SET_MODE_FILTER:
      return addFilter(task, flags, address)
    case abi.SECCOMP_GET_ACTION_AVAIL:
      if (flags !== 0) throw new Errno(EINVAL)
      if (!ACTIONS.includes(task.memory.readInt32(address))) throw new Errno(EOPNOTSUPP)
      return 0
    default:
      throw new Errno(EINVAL)
  }
}
