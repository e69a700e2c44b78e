// The end of a process's timers: an armed one would keep what is left of the process until its time.

import {endCpuLimit} from './cpu-limit.ts'
import {endIntervalTimers} from './interval-timers.ts'
import {endPosixTimers} from './posix-timers.ts'
import type {Process} from './process.ts'

export function endTimers(process: Process): void {
  endCpuLimit(process)
  endIntervalTimers(process)
  endPosixTimers(process)
}
