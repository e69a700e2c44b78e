// A pointer in a guest structure, as strace writes it.

import {Errno} from '../../../abi/errno.ts'
import {hexOf} from './number.ts'

/** What it points to; the pointer itself when that cannot be read, or `NULL`. */
export function orPointer(address: number, show: () => string): string {
  if (address === 0) return 'NULL'
  try {
    return show()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return hexOf(address)
  }
}
