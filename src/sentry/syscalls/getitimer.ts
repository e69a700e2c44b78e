// getitimer(2), setitimer(2), alarm(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {NS_PER_SECOND, toNs} from '../../abi/time.ts'
import type {Syscall} from '../core/syscall.ts'
import type {PeriodicTimer} from '../time/periodic-timer.ts'
import {ITIMER_PROF, ITIMER_REAL, intervalTimer} from '../time/process-timers.ts'
import {encodeTimerval, readTimerval} from '../time/time-argument.ts'

/** The smallest value of an armed timer in a struct timeval. */
const MICROSECOND_NS = 1000

export const getitimer: Syscall = (task, args) => {
  const timer = intervalTimer(task, which(args.int32(0)))
  task.memory.writeBytes(args.address(1), describe(timer))
  return 0
}

export const setitimer: Syscall = (task, args) => {
  const newValue = args.address(1)
  const oldValue = args.address(2)
  // Linux treats a null pointer as zeros, which disarm.
  const setting = newValue === 0 ? undefined : readTimerval(task, newValue)
  const timer = intervalTimer(task, which(args.int32(0)))
  const old = describe(timer)
  const valueNs = setting === undefined ? 0 : toNs(setting.value)
  if (setting === undefined || valueNs === 0) timer.disarm()
  else timer.arm(timer.nowNs() + valueNs, toNs(setting.interval))
  if (oldValue !== 0) task.memory.writeBytes(oldValue, old)
  return 0
}

/** @returns seconds left of the previous alarm, rounded, but at least 1 while one was set */
export const alarm: Syscall = (task, args) => {
  const timer = intervalTimer(task, ITIMER_REAL)
  const remainingNs = timer.remainingNs
  const seconds = args.uint32(0)
  if (seconds === 0) timer.disarm()
  else timer.arm(timer.nowNs() + seconds * NS_PER_SECOND, 0)
  return remainingNs === 0 ? 0 : Math.max(1, Math.round(remainingNs / NS_PER_SECOND))
}

function which(value: number): number {
  if (value < ITIMER_REAL || value > ITIMER_PROF) throw new Errno(EINVAL)
  return value
}

function describe(timer: PeriodicTimer): Uint8Array {
  const remainingNs = timer.isArmed ? Math.max(MICROSECOND_NS, timer.remainingNs) : 0
  return encodeTimerval(timer.intervalNs, remainingNs)
}
