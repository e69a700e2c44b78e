// Calls that fail on purpose; the table's rows say why.

import {Errno} from '../../abi/errno.ts'
import type {Syscall} from './syscall.ts'

export function refuse(code: number): Syscall {
  return () => {
    throw new Errno(code)
  }
}

/** The same for a call without which programs end badly: it is counted with those that are answered ENOSYS. */
export function refuseAndCount(code: number): Syscall {
  return ({process, context}) => {
    process.run.counters.countRefused(context.callNumber)
    throw new Errno(code)
  }
}
