// IntervalTimers: the three timers of setitimer(2). alarm(2) shares ITIMER_REAL.

import {SIGALRM, SIGPROF, SIGVTALRM} from '../abi/signal.ts'
import {cpuClock, monotonicClock, PeriodicTimer} from './periodic-timer.ts'
import type {Task} from './task.ts'

export const ITIMER_REAL = 0
export const ITIMER_VIRTUAL = 1
export const ITIMER_PROF = 2

const SIGNALS = [SIGALRM, SIGVTALRM, SIGPROF]

/** Made when first asked for. `which` is one of ITIMER_*. */
export function intervalTimer(task: Task, which: number): PeriodicTimer {
  const {interval} = task.process.timers
  interval[which] ??= createTimer(task, which)
  return interval[which]
}

function createTimer({process, kernel}: Task, which: number): PeriodicTimer {
  const clock = which === ITIMER_REAL ? monotonicClock(kernel) : cpuClock(kernel, process)
  const timer = new PeriodicTimer(kernel, clock, () => {
    if (process.exit === undefined) process.signals.raise(SIGNALS[which], undefined, {taken})
    else timer.disarm()
  })
  const taken = (isDelivered: boolean): void => {
    if (isDelivered) timer.told()
  }
  return timer
}
