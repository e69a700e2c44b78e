// RLIMIT_CPU: SIGXCPU at the soft limit and each second from then on, SIGKILL at the hard one: setrlimit(2).

import {SIGKILL, SIGXCPU} from '../../abi/signal.ts'
import {NS_PER_SECOND} from '../../abi/time.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {RLIMIT_CPU, UNLIMITED} from '../core/resource-limits.ts'
import {CpuClock, PeriodicTimer, type TimerOwner} from './periodic-timer.ts'

/** Adjusts the timer to the limit that was just set or inherited. */
export function enforceCpuLimit(kernel: Kernel, process: Process): void {
  process.timers.cpuLimit?.disarm()
  const {soft} = process.limits.get(RLIMIT_CPU)
  if (soft === UNLIMITED) return
  const {timer} = new CpuLimit(kernel, process)
  process.timers.cpuLimit = timer
  // Linux treats a limit of 0 as one second.
  timer.arm(Math.max(1, soft) * NS_PER_SECOND, NS_PER_SECOND)
}

class CpuLimit implements TimerOwner {
  readonly timer: PeriodicTimer
  readonly #process: Process

  constructor(kernel: Kernel, process: Process) {
    this.timer = new PeriodicTimer(kernel, new CpuClock(kernel, process.usage), this)
    this.#process = process
  }

  expired(): number {
    const {exit, limits, signals} = this.#process
    const isOverHard = this.timer.nowNs() >= limits.get(RLIMIT_CPU).hard * NS_PER_SECOND
    if (exit !== undefined) this.timer.disarm()
    else signals.raise(isOverHard ? SIGKILL : SIGXCPU)
    return 0
  }
}
