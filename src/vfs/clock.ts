// FileClock: the coarse real time, as Linux stamps inodes with it (man 2 clock_gettime, CLOCK_REALTIME_COARSE).

import type {Time} from './file.ts'
import type {HostClock} from './host.ts'

const DAY_SECONDS = 24 * 60 * 60

export class FileClock {
  readonly #clock: Pick<HostClock, 'realtimeMs'>
  #last: Time = {seconds: 0, nanoseconds: 0}
  #lastMs = 0

  constructor(clock: Pick<HostClock, 'realtimeMs'>) {
    this.#clock = clock
  }

  /** Now, to the millisecond. The object is shared between callers of the same millisecond: it is never changed. */
  now(): Time {
    const ms = this.#clock.realtimeMs()
    if (ms !== this.#lastMs) {
      this.#lastMs = ms
      const seconds = Math.floor(ms / 1000)
      this.#last = {seconds, nanoseconds: (ms - seconds * 1000) * 1e6}
    }
    return this.#last
  }

  /** Whether an access moves atime: relatime, Linux's default for every mount (man 8 mount). */
  isAccessStale(atime: Time, mtime: Time, ctime: Time): boolean {
    return (
      !isLater(atime, mtime) || !isLater(atime, ctime) || this.now().seconds - atime.seconds >= DAY_SECONDS
    )
  }
}

/** Of a file system that no kernel has yet, and that was made without one. */
export const NO_CLOCK = new FileClock({realtimeMs: () => 0})

function isLater(a: Time, b: Time): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds > b.nanoseconds)
}
