// wait4(2), waitid(2): there are no children before fork(2) is there.

import {ECHILD, EINVAL, Errno, ESRCH} from '../../abi/errno.ts'
import type {Syscall} from './syscall.ts'

const WNOHANG = 0x1
const WSTOPPED = 0x2
const WEXITED = 0x4
const WCONTINUED = 0x8
const WNOWAIT = 0x0100_0000
const WNOTHREAD = 0x2000_0000
const WALL = 0x4000_0000
const WCLONE = 0x8000_0000
const THREAD_FLAGS = WNOTHREAD | WALL | WCLONE

const P_PIDFD = 3

/** What has no negative in 32 bits is no group. */
const INT_MIN = -(2 ** 31)

export const wait4: Syscall = (_, args) => {
  const options = args.int32(2)
  if (options & ~(WNOHANG | WSTOPPED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if (args.int32(0) === INT_MIN) throw new Errno(ESRCH)
  throw new Errno(ECHILD)
}

export const waitid: Syscall = (task, args) => {
  const info = args.address(2)
  const options = args.int32(3)
  if (options & ~(WNOHANG | WNOWAIT | WSTOPPED | WEXITED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if ((options & (WSTOPPED | WEXITED | WCONTINUED)) === 0) throw new Errno(EINVAL)
  if (args.uint32(0) > P_PIDFD) throw new Errno(EINVAL)
  // Also then the fields that it fills are stored: si_signo, si_errno, si_code; si_pid, si_uid, si_status.
  if (info !== 0) {
    task.memory.clear(info, 12)
    task.memory.clear(info + 16, 12)
  }
  throw new Errno(ECHILD)
}
