// Converts times of the monotonic clock, which a trace reads once per call, to the time of day.

import {monotonicNs, readHostClock} from '../time/host-clock.ts'

const CLOCK_REALTIME = 0
const US_PER_SECOND = 1e6
const NS_PER_US = 1000
/** The two clocks are compared again after this time: the host's time of day may be set. */
const VALID_NS = 1e9

let offsetUs = 0
let comparedNs = Number.NEGATIVE_INFINITY

/** Microseconds since the epoch, whole: 51 bits. */
export function wallClockUs(atNs: number): number {
  if (Math.abs(atNs - comparedNs) > VALID_NS) compare()
  return Math.floor(atNs / NS_PER_US + offsetUs)
}

function compare(): void {
  comparedNs = monotonicNs()
  const [seconds, nanoseconds] = readHostClock(CLOCK_REALTIME)
  offsetUs = seconds * US_PER_SECOND + nanoseconds / NS_PER_US - comparedNs / NS_PER_US
}
