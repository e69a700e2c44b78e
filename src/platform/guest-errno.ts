// orGuestErrno: which failures of the addon are a guest's, to be told by its system call.

import {Errno} from '../abi/errno.ts'

/** @returns an Errno if the host's error is one of these, else the error itself: for a `throw` */
export function orGuestErrno(error: unknown, ...errnos: readonly number[]): unknown {
  const {errno} = error as {errno?: number}
  return errno !== undefined && errnos.includes(errno) ? new Errno(errno) : error
}
