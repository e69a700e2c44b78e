// Calls that are answered with an error on purpose; the table's rows say why.

import {Errno} from '../../abi/errno.ts'
import type {Syscall} from './syscall.ts'

export function refuse(code: number): Syscall {
  return () => {
    throw new Errno(code)
  }
}
