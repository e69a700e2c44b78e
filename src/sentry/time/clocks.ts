// The guest's clocks by their clockid_t: clock_gettime(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  differenceNs,
  fromNs,
  type Timespec,
  toNs,
} from '../../abi/time.ts'
import type {Task} from '../core/task.ts'

/** Host clocks that a guest may read, and the clock that answers for each. */
const HOST_CLOCKS = new Map([
  [CLOCK_REALTIME, CLOCK_REALTIME],
  [CLOCK_MONOTONIC, CLOCK_MONOTONIC],
  [CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_RAW],
  // The vDSO, too, answers coarse clocks finely: neither ever runs behind the other.
  [CLOCK_REALTIME_COARSE, CLOCK_REALTIME],
  [CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC],
  [CLOCK_BOOTTIME, CLOCK_BOOTTIME],
  [CLOCK_REALTIME_ALARM, CLOCK_REALTIME],
  [CLOCK_BOOTTIME_ALARM, CLOCK_BOOTTIME],
  [CLOCK_TAI, CLOCK_TAI],
])

/** Of these, those that a program can sleep and set timers on. */
const HOST_TIMER_CLOCKS = new Set([
  CLOCK_REALTIME,
  CLOCK_MONOTONIC,
  CLOCK_BOOTTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_TAI,
])

const COARSE = new Set([CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE])
/** A tick of a kernel with CONFIG_HZ=250. */
const COARSE_RESOLUTION_NS = 4_000_000

// Dynamic CPU clocks (include/linux/posix-timers.h): ~pid << 3 | per-thread << 2 | what. What 3 is a device's clock.
const CPU_CLOCK_WHAT = 3
const CPU_CLOCK_THREAD = 4
const CLOCK_KIND = 7
/** A device's clock, by its descriptor. */
const CLOCK_FD = 3

/** @throws Errno EINVAL for a clock that does not exist */
export function readClock(task: Task, id: number): Timespec {
  const host = HOST_CLOCKS.get(id)
  if (host === undefined) return fromNs(cpuClockOf(task, id).cpuTimeNs(task.kernel.monotonicNs()))
  return task.kernel.boot.read(host)
}

/** @throws Errno EINVAL */
export function clockResolutionNs(task: Task, id: number): number {
  if (!HOST_CLOCKS.has(id)) cpuClockOf(task, id)
  return COARSE.has(id) ? COARSE_RESOLUTION_NS : 1
}

/** Whether there is such a clock, no matter who may read it. */
export function isClock(id: number): boolean {
  const isNamed = HOST_CLOCKS.has(id) || id === CLOCK_PROCESS_CPUTIME_ID || id === CLOCK_THREAD_CPUTIME_ID
  return isNamed || (id < 0 && (id & CLOCK_KIND) !== CLOCK_FD)
}

/** Whether the clock counts the CPU time of a process, or of one of its threads. */
export function isCpuClock(id: number): boolean {
  return !HOST_CLOCKS.has(id)
}

/** Precondition: the clock exists. */
export function isTimerClock(id: number): boolean {
  return isCpuClock(id) || HOST_TIMER_CLOCKS.has(id)
}

/**
 * Whose CPU time a clock counts: a process's (any process's), or that of a thread of the caller's process.
 * @throws Errno EINVAL
 */
export function cpuClockOf(task: Task, id: number): Pick<Task, 'cpuTimeNs'> {
  if (id === CLOCK_PROCESS_CPUTIME_ID) return task.process.usage
  if (id === CLOCK_THREAD_CPUTIME_ID) return task
  if (id >= 0 || (id & CPU_CLOCK_WHAT) === CPU_CLOCK_WHAT) throw new Errno(EINVAL)
  const {tasks, processes} = task.kernel
  const pid = ~(id >> 3)
  const isThread = (id & CPU_CLOCK_THREAD) !== 0
  if (pid === 0) return isThread ? task : task.process.usage
  const found = isThread ? tasks.get(pid) : processes.get(pid)?.usage
  const isForeign = isThread && tasks.get(pid)?.process !== task.process
  if (found === undefined || isForeign) throw new Errno(EINVAL)
  return found
}

/**
 * When, on the host's CLOCK_MONOTONIC, a clock will show `time`. A CPU clock is assumed to run all the time, so that the deadline is never
 * late. If a real-time clock is set meanwhile, that is not noticed.
 */
export function monotonicDeadlineNs(task: Task, id: number, time: Timespec): number {
  if (id === CLOCK_MONOTONIC) return toNs(time) + task.kernel.boot.monotonicNs
  // In this order, time that passes between the two readings makes the deadline later, and no sleep too short.
  const remainingNs = differenceNs(time, readClock(task, id))
  return task.kernel.monotonicNs() + remainingNs
}
