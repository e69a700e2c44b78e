// unlessErrno: what need not succeed: an access to guest memory that Linux skips where it faults, or a step that may find no room.

import {Errno} from '../../abi/errno.ts'

/** @returns undefined where it fails with an Errno */
export function unlessErrno<Result>(act: () => Result): Result | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return undefined
  }
}
