// Calls that fail on purpose; the table's rows say why.

import {Errno} from '../../abi/errno.ts'
import type {Syscall} from '../core/syscall.ts'

export function refuse(code: number): Syscall {
  return () => {
    throw new Errno(code)
  }
}
