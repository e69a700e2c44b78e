// Which argument each command of fcntl(2) takes, and what it returns.

import * as fcntl from '../../../abi/fcntl.ts'

export const takesNothing: ReadonlySet<number> = new Set([
  fcntl.F_GETFD,
  fcntl.F_GETFL,
  fcntl.F_GETOWN,
  fcntl.F_GETSIG,
  fcntl.F_GETLEASE,
  fcntl.F_GETPIPE_SZ,
  fcntl.F_GET_SEALS,
])

export const takesLock: ReadonlySet<number> = new Set([
  fcntl.F_SETLK,
  fcntl.F_SETLKW,
  fcntl.F_OFD_SETLK,
  fcntl.F_OFD_SETLKW,
])

export const fillsLock: ReadonlySet<number> = new Set([fcntl.F_GETLK, fcntl.F_OFD_GETLK])
