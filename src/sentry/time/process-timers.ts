// ProcessTimers: a process's timers: of setitimer(2) and timer_create(2), and for RLIMIT_CPU. alarm(2) shares ITIMER_REAL.

import {SIGALRM, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU} from '../../abi/signal.ts'
import {NS_PER_SECOND} from '../../abi/time.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Fate, SignalTimer} from '../core/pending-signal.ts'
import type {Process} from '../core/process.ts'
import {RLIMIT_CPU, UNLIMITED} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {PeriodicTimer, TICK_NS, TimerClock, type TimerOwner} from './periodic-timer.ts'
import {PosixTimers} from './posix-timers.ts'

export class ProcessTimers {
  /** Of setitimer(2), by ITIMER_*: made when first asked for. execve(2) keeps them. */
  readonly interval: (PeriodicTimer | undefined)[] = []
  /** Of timer_create(2): execve(2) deletes them. */
  readonly posix = new PosixTimers()
  /** For RLIMIT_CPU. */
  cpuLimit: PeriodicTimer | undefined

  end(): void {
    for (const timer of this.interval) timer?.disarm()
    this.cpuLimit?.disarm()
    this.posix.deleteAll()
  }
}

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
    const clock = new TimerClock(kernel, which === ITIMER_REAL ? undefined : process.usage)
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
    this.timer = new PeriodicTimer(kernel, new TimerClock(kernel, process.usage), this)
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
