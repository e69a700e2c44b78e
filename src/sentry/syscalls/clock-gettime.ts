// clock_gettime(2), clock_getres(2), clock_settime(2).

import {EINVAL, EPERM, Errno} from '../../abi/errno.ts'
import {
  CLOCK_REALTIME,
  decodeTimespec,
  encodeTimespec,
  fromNs,
  isValidTimespec,
  TIMESPEC_BYTES,
} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import {clockResolutionNs, readClock} from '../time/clocks.ts'

export const clockGettime: Syscall = (task, args) => {
  const time = readClock(task, args.int32(0))
  task.kernel.startClock()
  task.memory.writeBytes(args.address(1), encodeTimespec(time))
  return 0
}

export const clockGetres: Syscall = (task, args) => {
  const resolutionNs = clockResolutionNs(task, args.int32(0))
  const target = args.address(1)
  if (target !== 0) task.memory.writeBytes(target, encodeTimespec(fromNs(resolutionNs)))
  return 0
}

/** A guest cannot set the host's clock. */
export const clockSettime: Syscall = (task, args) => {
  if (args.int32(0) !== CLOCK_REALTIME) throw new Errno(EINVAL)
  const time = decodeTimespec(task.memory.readBytes(args.address(1), TIMESPEC_BYTES))
  throw new Errno(isValidTimespec(time) ? EPERM : EINVAL)
}
