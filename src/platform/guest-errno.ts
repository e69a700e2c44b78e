// orGuestErrno: tells failures that a guest's system call reports from the addon's other failures.

import {Errno} from '../abi/errno.ts'

/** @returns an Errno if the host's error is one of these, otherwise the error itself: for a `throw` */
export function orGuestErrno(error: unknown, ...errnos: readonly number[]): unknown {
  const {errno} = error as {errno?: number}
  return errno !== undefined && errnos.includes(errno) ? new Errno(errno) : error
}
