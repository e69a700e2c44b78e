// The file systems' clock: the coarse real time, as Linux stamps inodes with it (man 2 clock_gettime, CLOCK_REALTIME_COARSE).

import type {Time} from './file.ts'

let last: Time = {seconds: 0, nanoseconds: 0}
let lastMilliseconds = 0

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
