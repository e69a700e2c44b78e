// unlessFault: an access to guest memory that, as in Linux, is skipped where it faults.

import {Errno} from '../../abi/errno.ts'

export function unlessFault(access: () => void): void {
  try {
    access()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
  }
}
