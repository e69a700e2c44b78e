// IntervalTimers: the three timers of setitimer(2). alarm(2) shares ITIMER_REAL.

import {SIGALRM, SIGPROF, SIGVTALRM} from '../../abi/signal.ts'
import type {Fate} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import {cpuClock, monotonicClock, PeriodicTimer, TICK_NS} from './periodic-timer.ts'

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
  let isPending = false
  const timer = new PeriodicTimer(kernel, clock, () => {
    if (process.exit !== undefined) {
      timer.disarm()
      return undefined
    }
    isPending = true
    process.signals.raise(SIGNALS[which], undefined, {taken})
    // If it was dropped, it is ignored, or another one is pending.
    return isPending ? undefined : TICK_NS
  })
  const taken = (fate: Fate): void => {
    isPending = false
    if (fate === 'delivered') timer.told()
    else timer.goOn()
  }
  return timer
}
