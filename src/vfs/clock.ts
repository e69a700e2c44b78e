// The file systems' clock: the coarse real time, as Linux stamps inodes with it (man 2 clock_gettime, CLOCK_REALTIME_COARSE).

import type {Time} from './file.ts'

let last: Time = {seconds: 0, nanoseconds: 0}
let lastMilliseconds = 0

const DAY_SECONDS = 24 * 60 * 60

/** Whether an access moves atime: relatime, Linux's default for every mount (man 8 mount). */
export function isAccessStale(atime: Time, mtime: Time, ctime: Time): boolean {
  return !isLater(atime, mtime) || !isLater(atime, ctime) || now().seconds - atime.seconds >= DAY_SECONDS
}

function isLater(a: Time, b: Time): boolean {
  return a.seconds > b.seconds || (a.seconds === b.seconds && a.nanoseconds > b.nanoseconds)
}

/** Now, to the millisecond. The object is shared between callers of the same millisecond: it is never changed. */
export function now(): Time {
  const milliseconds = Date.now()
  if (milliseconds !== lastMilliseconds) {
    lastMilliseconds = milliseconds
    const seconds = Math.floor(milliseconds / 1000)
    last = {seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6}
  }
  return last
}
