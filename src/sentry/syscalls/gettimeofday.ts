// gettimeofday(2), settimeofday(2), time(2).

import {EPERM, Errno} from '../../abi/errno.ts'
import {CLOCK_REALTIME, encodeTimeval} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import {readClock} from '../time/clocks.ts'

/** struct timezone: the kernel's is UTC. */
const TIMEZONE_BYTES = 8

export const gettimeofday: Syscall = (task, args) => {
  const timeAddress = args.address(0)
  const zoneAddress = args.address(1)
  if (timeAddress !== 0) task.memory.writeBytes(timeAddress, encodeTimeval(readClock(task, CLOCK_REALTIME)))
  if (zoneAddress !== 0) task.memory.clear(zoneAddress, TIMEZONE_BYTES)
  return 0
}

/** A guest cannot set the host's clock. */
export const settimeofday: Syscall = () => {
  throw new Errno(EPERM)
}

export const time: Syscall = (task, args) => {
  const {seconds} = readClock(task, CLOCK_REALTIME)
  const address = args.address(0)
  if (address !== 0) task.memory.writeInt64(address, seconds)
  return seconds
}
