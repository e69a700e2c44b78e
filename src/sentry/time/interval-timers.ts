// IntervalTimers: the three timers of setitimer(2). alarm(2) shares ITIMER_REAL.

import {SIGALRM, SIGPROF, SIGVTALRM} from '../../abi/signal.ts'
import type {Fate, SignalTimer} from '../core/pending-signal.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {CpuClock, PeriodicTimer, TICK_NS, type TimerOwner, WallClock} from './periodic-timer.ts'

export const ITIMER_REAL = 0
export const ITIMER_VIRTUAL = 1
export const ITIMER_PROF = 2

const SIGNALS = [SIGALRM, SIGVTALRM, SIGPROF]

/** Made when first asked for. `which` is one of ITIMER_*. */
export function intervalTimer(task: Task, which: number): PeriodicTimer {
  const {interval} = task.process.timers
  interval[which] ??= new IntervalTimer(task, which).timer
  return interval[which]
}

class IntervalTimer implements TimerOwner, SignalTimer {
  readonly isReserved = false
  readonly timer: PeriodicTimer
  readonly #process: Process
  readonly #signal: number
  #isPending = false

  constructor({process, kernel}: Task, which: number) {
    const clock = which === ITIMER_REAL ? new WallClock(kernel) : new CpuClock(kernel, process.usage)
    this.timer = new PeriodicTimer(kernel, clock, this)
    this.#process = process
    this.#signal = SIGNALS[which]
  }

  expired(): number | undefined {
    const {exit, signals} = this.#process
    if (exit !== undefined) {
      this.timer.disarm()
      return undefined
    }
    this.#isPending = true
    signals.raise(this.#signal, undefined, this)
    // If it was dropped, it is ignored, or another one is pending.
    return this.#isPending ? undefined : TICK_NS
  }

  taken(fate: Fate): void {
    this.#isPending = false
    if (fate === 'delivered') this.timer.told()
    else this.timer.goOn()
  }
}
