// nanosleep(2), clock_nanosleep(2).

import {EINVAL, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {CLOCK_THREAD_CPUTIME_ID, encodeTimespec, fromNs, TIMER_ABSTIME, toNs} from '../../abi/time.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {clockResolutionNs, cpuClockOf, isCpuClock, isTimerClock, monotonicDeadlineNs} from '../time/clocks.ts'
import {TimerClock} from '../time/periodic-timer.ts'
import {readTimespec} from '../time/time-argument.ts'

export const nanosleep: Syscall = (task, args) => {
  const durationNs = toNs(readTimespec(task, args.address(0)))
  const clock = new TimerClock(task.kernel)
  return sleep(task, {clock, untilNs: clock.nowNs() + durationNs, remainingAddress: args.address(1)})
}

export const clockNanosleep: Syscall = (task, args) => {
  const id = args.int32(0)
  clockResolutionNs(task, id)
  // Of its own CPU time, a thread that sleeps uses none: the clock has no such operation, and its dynamic number is EINVAL.
  if (id < 0 && cpuClockOf(task, id) === task) throw new Errno(EINVAL)
  if (!isTimerClock(id) || id === CLOCK_THREAD_CPUTIME_ID) throw new Errno(EOPNOTSUPP)
  const time = readTimespec(task, args.address(2))
  const isCpu = isCpuClock(id)
  const clock = new TimerClock(task.kernel, isCpu ? cpuClockOf(task, id) : undefined)
  if (!(args.int32(1) & TIMER_ABSTIME))
    return sleep(task, {clock, untilNs: clock.nowNs() + toNs(time), remainingAddress: args.address(3)})
  const untilNs = isCpu ? toNs(time) : monotonicDeadlineNs(task, id, time)
  return sleep(task, {clock, untilNs, remainingAddress: 0})
}

interface Sleep {
  readonly clock: TimerClock
  readonly untilNs: number
  /** Where an interruption stores the remaining time; 0: nowhere. */
  readonly remainingAddress: number
}

/** Until the clock shows `untilNs`. */
function sleep(task: Task, progress: Sleep): number {
  const {clock, untilNs} = progress
  if (untilNs <= clock.nowNs()) return 0
  return task.block({deadlineNs: clock.deadlineNs(untilNs), restart: 'never', next: sleeping, progress})
}

const sleeping = continuation<Sleep>({
  name: 'nanosleep',
  resume: (task, progress, expired): number => (expired ? sleep(task, progress) : BLOCKED),
  interrupted: ({memory}, {clock, untilNs, remainingAddress}) => {
    const remainingNs = Math.max(0, untilNs - clock.nowNs())
    if (remainingAddress !== 0) memory.writeBytes(remainingAddress, encodeTimespec(fromNs(remainingNs)))
  },
})
