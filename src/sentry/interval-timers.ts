// IntervalTimers: the three timers of setitimer(2). alarm(2) shares ITIMER_REAL.

import {SIGALRM, SIGPROF, SIGVTALRM} from '../abi/signal.ts'
import {cpuClock, monotonicClock, PeriodicTimer} from './periodic-timer.ts'
import type {Process} from './process.ts'
import type {Task} from './task.ts'

export const ITIMER_REAL = 0
export const ITIMER_VIRTUAL = 1
export const ITIMER_PROF = 2

const SIGNALS = [SIGALRM, SIGVTALRM, SIGPROF]

const timers = new WeakMap<Process, (PeriodicTimer | undefined)[]>()

/** Made when first asked for. `which` is one of ITIMER_*. */
export function intervalTimer(task: Task, which: number): PeriodicTimer {
  let ofProcess = timers.get(task.process)
  if (ofProcess === undefined) {
    ofProcess = []
    timers.set(task.process, ofProcess)
  }
  ofProcess[which] ??= createTimer(task, which)
  return ofProcess[which]
}

export function endIntervalTimers(process: Process): void {
  for (const timer of timers.get(process) ?? []) timer?.disarm()
}

function createTimer({process, kernel}: Task, which: number): PeriodicTimer {
  const clock = which === ITIMER_REAL ? monotonicClock(kernel) : cpuClock(kernel, process)
  const timer = new PeriodicTimer(kernel, clock, () => {
    if (process.exit === undefined) process.signals.raise(SIGNALS[which])
    else timer.disarm()
  })
  return timer
}
