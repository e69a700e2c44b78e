// Time arguments: timespecs and pairs of them, as calls take them.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {
  decodeTimespec,
  decodeTimeval,
  encodeTimespec,
  encodeTimeval,
  fromNs,
  ITIMER_BYTES,
  isValidTimespec,
  TIMESPEC_BYTES,
  type Timespec,
} from '../../abi/time.ts'
import type {Task} from '../core/task.ts'

/** struct itimerspec and struct itimerval. */
export interface TimerSetting {
  readonly interval: Timespec
  /** Zero disarms. */
  readonly value: Timespec
}

/** @throws Errno EFAULT, EINVAL for a negative time or a fraction out of range */
export function readTimespec(task: Task, address: number): Timespec {
  return valid(decodeTimespec(task.memory.readBytes(address, TIMESPEC_BYTES)))
}

/** @throws Errno EFAULT, EINVAL */
export function readTimerspec(task: Task, address: number): TimerSetting {
  const bytes = task.memory.readBytes(address, ITIMER_BYTES)
  return {interval: valid(decodeTimespec(bytes)), value: valid(decodeTimespec(bytes, TIMESPEC_BYTES))}
}

/** @throws Errno EFAULT, EINVAL */
export function readTimerval(task: Task, address: number): TimerSetting {
  const bytes = task.memory.readBytes(address, ITIMER_BYTES)
  return {interval: valid(decodeTimeval(bytes)), value: valid(decodeTimeval(bytes, TIMESPEC_BYTES))}
}

export function encodeTimerspec(intervalNs: number, valueNs: number): Uint8Array {
  const bytes = new Uint8Array(ITIMER_BYTES)
  encodeTimespec(fromNs(intervalNs), bytes)
  return encodeTimespec(fromNs(valueNs), bytes, TIMESPEC_BYTES)
}

export function encodeTimerval(intervalNs: number, valueNs: number): Uint8Array {
  const bytes = new Uint8Array(ITIMER_BYTES)
  encodeTimeval(fromNs(intervalNs), bytes)
  return encodeTimeval(fromNs(valueNs), bytes, TIMESPEC_BYTES)
}

function valid(time: Timespec): Timespec {
  if (!isValidTimespec(time)) throw new Errno(EINVAL)
  return time
}
