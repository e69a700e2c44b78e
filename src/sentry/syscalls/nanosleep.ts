// nanosleep(2), clock_nanosleep(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  encodeTimespec,
  fromNs,
  TIMER_ABSTIME,
  toNs,
} from '../../abi/time.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {clockResolutionNs, cpuClockOf, isCpuClock, monotonicDeadlineNs} from '../time/clocks.ts'
import {CpuClock, type TimerClock} from '../time/periodic-timer.ts'
import {readTimespec} from '../time/time-argument.ts'

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
  const isCpu = isCpuClock(clock) && clock !== CLOCK_THREAD_CPUTIME_ID
  if (!isCpu && !CLOCKS_TO_SLEEP_ON.has(clock)) throw new Errno(EOPNOTSUPP)
  const time = readTimespec(task, args.address(2))
  const isAbsolute = (args.int32(1) & TIMER_ABSTIME) !== 0
  const remainingAddress = isAbsolute ? 0 : args.address(3)
  if (isCpu) {
    const counted = new CpuClock(task.kernel, cpuClockOf(task, clock))
    const untilNs = toNs(time) + (isAbsolute ? 0 : counted.nowNs())
    return sleepOnCpu(task, {clock: counted, untilNs, remainingAddress})
  }
  if (isAbsolute) return sleep(task, monotonicDeadlineNs(task, clock, time), 0)
  return sleep(task, task.kernel.monotonicNs() + toNs(time), remainingAddress)
}

/** @param remainingAddress where an interruption stores the remaining time; 0: nowhere */
function sleep(task: Task, deadlineNs: number, remainingAddress: number): number {
  if (deadlineNs <= task.kernel.monotonicNs()) return 0
  return task.block({deadlineNs, restart: 'never', next: sleeping, progress: {deadlineNs, remainingAddress}})
}

const sleeping = continuation<{readonly deadlineNs: number; readonly remainingAddress: number}>({
  name: 'nanosleep',
  resume: (_task, _progress, expired) => (expired ? 0 : BLOCKED),
  interrupted: (task, {deadlineNs, remainingAddress}) =>
    storeRemaining(task, remainingAddress, deadlineNs - task.kernel.monotonicNs()),
})

interface CpuSleep {
  readonly clock: TimerClock
  readonly untilNs: number
  readonly remainingAddress: number
}

/** Until the clock shows `untilNs`. It may stand still, or be late: it is looked at again. */
function sleepOnCpu(task: Task, progress: CpuSleep): number {
  const {clock, untilNs} = progress
  const leftNs = untilNs - clock.nowNs()
  if (leftNs <= 0) return 0
  const deadlineNs = task.kernel.monotonicNs() + Math.max(leftNs, clock.granularityNs)
  return task.block({deadlineNs, restart: 'never', next: sleepingOnCpu, progress})
}

const sleepingOnCpu = continuation<CpuSleep>({
  name: 'nanosleep-cpu',
  resume: (task, progress, expired): number => (expired ? sleepOnCpu(task, progress) : BLOCKED),
  interrupted: (task, {clock, untilNs, remainingAddress}) =>
    storeRemaining(task, remainingAddress, untilNs - clock.nowNs()),
})

function storeRemaining(task: Task, address: number, remainingNs: number): void {
  if (address !== 0) task.memory.writeBytes(address, encodeTimespec(fromNs(Math.max(0, remainingNs))))
}
