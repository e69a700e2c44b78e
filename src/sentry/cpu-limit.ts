// RLIMIT_CPU: SIGXCPU at the soft limit and each second from then on, SIGKILL at the hard one: setrlimit(2).

import {SIGKILL, SIGXCPU} from '../abi/signal.ts'
import {NS_PER_SECOND} from '../abi/time.ts'
import {cpuClock, PeriodicTimer} from './periodic-timer.ts'
import type {Process} from './process.ts'
import {RLIMIT_CPU, UNLIMITED} from './resource-limits.ts'
import type {Task} from './task.ts'

const timers = new WeakMap<Process, PeriodicTimer>()

/** Brings the timer in line with the limit that was just set. */
export function enforceCpuLimit({process, kernel}: Task): void {
  timers.get(process)?.disarm()
  const {soft} = process.limits.get(RLIMIT_CPU)
  if (soft === UNLIMITED) return
  const clock = cpuClock(kernel, process)
  const timer = new PeriodicTimer(kernel, clock, () => {
    if (process.exit !== undefined) timer.disarm()
    else process.signals.raise(isOverHardLimit(process, clock.nowNs()) ? SIGKILL : SIGXCPU)
  })
  timers.set(process, timer)
  // Linux takes a limit of 0 for one of a second.
  timer.arm(Math.max(1, soft) * NS_PER_SECOND, NS_PER_SECOND)
}

export function endCpuLimit(process: Process): void {
  timers.get(process)?.disarm()
}

function isOverHardLimit(process: Process, cpuNs: number): boolean {
  return cpuNs >= process.limits.get(RLIMIT_CPU).hard * NS_PER_SECOND
}
