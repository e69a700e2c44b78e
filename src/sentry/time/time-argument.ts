// Times that calls are given: timespecs, pairs of them, and the time-outs of poll(2), select(2) and epoll_wait(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {STICKY_TIMEOUTS} from '../../abi/prctl.ts'
import {
  decodeTimespec,
  decodeTimeval,
  encodeTimespec,
  encodeTimeval,
  fromNs,
  ITIMER_BYTES,
  isValidTimespec,
  TIMESPEC_BYTES,
  TIMEVAL_BYTES,
  type Timespec,
  toNs,
} from '../../abi/time.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {monotonicDeadlineNs} from './clocks.ts'

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

/**
 * When a wait ends: a struct timespec, which is a duration or, with a clock, what that will show. Address 0: never.
 * @returns CLOCK_MONOTONIC nanoseconds. @throws Errno EFAULT, EINVAL
 */
export function readEndNs(task: Task, address: number, clock?: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  const time = readTimespec(task, address)
  return clock === undefined ? task.kernel.monotonicNs() + toNs(time) : monotonicDeadlineNs(task, clock, time)
}

const NS_PER_MS = 1e6
const MICROSECONDS = 1e6

/** @param timeoutMs negative: none. @returns CLOCK_MONOTONIC nanoseconds, Infinity for no limit, 0 for "do not wait" */
export function deadlineAfterMs(task: Task, timeoutMs: number): number {
  if (timeoutMs < 0) return Number.POSITIVE_INFINITY
  return timeoutMs === 0 ? 0 : task.kernel.monotonicNs() + timeoutMs * NS_PER_MS
}

/** A struct timespec; address 0: no limit. @throws Errno EFAULT, EINVAL */
export function readTimespecDeadline(task: Task, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  return deadlineAfter(task, decodeTimespec(task.memory.readBytes(address, TIMESPEC_BYTES)))
}

/** A struct timeval, with microseconds possibly above a second (kern_select); address 0: no limit. @throws Errno EFAULT, EINVAL */
export function readTimevalDeadline(task: Task, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  const time = decodeTimeval(task.memory.readBytes(address, TIMEVAL_BYTES))
  if (time.nanoseconds < 0) throw new Errno(EINVAL)
  const carried = Math.floor(time.nanoseconds / 1e9)
  return deadlineAfter(task, {
    seconds: time.seconds + carried,
    nanoseconds: time.nanoseconds - carried * 1e3 * MICROSECONDS,
  })
}

function deadlineAfter(task: Task, time: Timespec): number {
  if (!isValidTimespec(time)) throw new Errno(EINVAL)
  const ns = toNs(time)
  return ns === 0 ? 0 : task.kernel.monotonicNs() + ns
}

/** A time-out, and where the guest's structure is; address 0: nowhere, or it stays as it is. */
export interface TimeLimit {
  readonly deadlineNs: number
  readonly address: number
  readonly kind: 'timespec' | 'timeval'
}

/** What Linux leaves in the guest's structure; a fault there changes nothing. */
export function writeRemaining(task: Task, {address, deadlineNs, kind}: TimeLimit): void {
  if (address === 0 || deadlineNs === Number.POSITIVE_INFINITY) return
  if (task.process.attributes.personality & STICKY_TIMEOUTS) return
  const left = fromNs(Math.max(0, deadlineNs - task.kernel.monotonicNs()))
  const bytes = kind === 'timespec' ? encodeTimespec(left) : encodeTimeval(left)
  unlessErrno(() => task.memory.writeBytes(address, bytes))
}
