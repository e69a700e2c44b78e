// ProcessTimers: a process's timers, which end with it: an armed one would keep the rest of the process until it expires.

import type {PeriodicTimer} from './periodic-timer.ts'
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
