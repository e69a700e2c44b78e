// wait4(2), waitid(2): there are no children before fork(2) is there.

import {ECHILD, EINVAL, Errno} from '../../abi/errno.ts'
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

export const wait4: Syscall = (_, args) => {
  const options = args.int32(2)
  if (options & ~(WNOHANG | WSTOPPED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  throw new Errno(ECHILD)
}

export const waitid: Syscall = (_, args) => {
  const options = args.int32(3)
  if (options & ~(WNOHANG | WNOWAIT | WSTOPPED | WEXITED | WCONTINUED | THREAD_FLAGS)) throw new Errno(EINVAL)
  if ((options & (WSTOPPED | WEXITED | WCONTINUED)) === 0) throw new Errno(EINVAL)
  if (args.uint32(0) > P_PIDFD) throw new Errno(EINVAL)
  throw new Errno(ECHILD)
}
