// unlessFault: an access to guest memory that Linux makes where it can, and goes on where it cannot.

import {Errno} from '../../abi/errno.ts'

export function unlessFault(access: () => void): void {
  try {
    access()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
  }
}
