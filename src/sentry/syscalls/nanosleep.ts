// nanosleep(2), clock_nanosleep(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_TAI,
  encodeTimespec,
  fromNs,
  TIMER_ABSTIME,
  toNs,
} from '../../abi/time.ts'
import {clockResolutionNs, cpuClockOf, monotonicDeadlineNs} from '../clocks.ts'
import type {Task} from '../task.ts'
import {BLOCKED, type Syscall} from './syscall.ts'
import {readTimespec} from './time-argument.ts'

const CLOCKS_TO_SLEEP_ON = new Set([
  CLOCK_REALTIME,
  CLOCK_MONOTONIC,
  CLOCK_BOOTTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_TAI,
])

export const nanosleep: Syscall = (task, args) => {
  const durationNs = toNs(readTimespec(task, args.address(0)))
  return sleep(task, task.kernel.monotonicNs() + durationNs, args.address(1))
}

export const clockNanosleep: Syscall = (task, args) => {
  const clock = args.int32(0)
  clockResolutionNs(task, clock)
  // Of its own CPU time, a thread that sleeps uses none: the clock has no such operation, and its dynamic number is EINVAL.
  if (clock < 0 && cpuClockOf(task, clock) === task) throw new Errno(EINVAL)
  if (!CLOCKS_TO_SLEEP_ON.has(clock)) throw new Errno(EOPNOTSUPP)
  const time = readTimespec(task, args.address(2))
  if (args.int32(1) & TIMER_ABSTIME) return sleep(task, monotonicDeadlineNs(task, clock, time), 0)
  return sleep(task, task.kernel.monotonicNs() + toNs(time), args.address(3))
}

/** @param remainingAddress where an interruption stores the remaining time; 0: nowhere */
function sleep(task: Task, deadlineNs: number, remainingAddress: number): number {
  if (deadlineNs <= task.kernel.monotonicNs()) return 0
  return task.block({
    deadlineNs,
    restart: 'never',
    retry: (expired) => (expired ? 0 : BLOCKED),
    interrupted: () => {
      if (remainingAddress === 0) return
      const remainingNs = Math.max(0, deadlineNs - task.kernel.monotonicNs())
      task.memory.writeBytes(remainingAddress, encodeTimespec(fromNs(remainingNs)))
    },
  })
}
