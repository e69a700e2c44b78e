// ProcessTimers: a process's timers, which end with it: an armed one would keep what is left of the process until its time.

import type {PeriodicTimer} from './periodic-timer.ts'
import {PosixTimers} from './posix-timers.ts'

export class ProcessTimers {
  /** setitimer(2)'s, by ITIMER_*: made when first asked for. execve(2) keeps them. */
  readonly interval: (PeriodicTimer | undefined)[] = []
  /** timer_create(2)'s: execve(2) deletes them. */
  readonly posix = new PosixTimers()
  /** RLIMIT_CPU's. */
  cpuLimit: PeriodicTimer | undefined

  end(): void {
    for (const timer of this.interval) timer?.disarm()
    this.cpuLimit?.disarm()
    this.posix.deleteAll()
  }
}
