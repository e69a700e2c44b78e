// Stamps: the time before a trace's lines (strace's -t, -tt, -ttt and -r), and the time of day of a reading of the monotonic clock.

import {nativeHost} from '../../vfs/native-host.ts'
import type {TraceClock} from './options.ts'

/** A trace tells the host's time, as who reads it is there. */
const {clock} = nativeHost
export const {monotonicNs} = clock

/** The text for a time of CLOCK_MONOTONIC, with a blank after it; empty for none. */
export type Stamps = (atNs: number) => string

const CLOCK_REALTIME = 0
/** The two clocks are compared again after this time: the host's time of day may be set. */
const VALID_NS = 1e9
const US_PER_SECOND = 1e6
const US_DIGITS = 6
const NS_PER_US = 1000
/** strace's "%6ld.%06ld". */
const RELATIVE_WIDTH = 13

export const NO_STAMPS: Stamps = () => ''

/** @param isRelative adds the time since the previous line or (without `clock`) shows it alone */
export function stampsOf(clock: TraceClock | undefined, isRelative: boolean): Stamps {
  const absolute = clock === undefined ? undefined : clocks[clock]
  if (!isRelative) return absolute === undefined ? NO_STAMPS : (atNs) => `${absolute(wallClockUs(atNs))} `
  let beforeNs: number | undefined
  return (atNs) => {
    const passedUs = Math.max(0, Math.floor((atNs - (beforeNs ?? atNs)) / NS_PER_US))
    beforeNs = atNs
    const relative = seconds(passedUs).padStart(RELATIVE_WIDTH)
    return absolute === undefined ? `${relative} ` : `${absolute(wallClockUs(atNs))} (+${relative}) `
  }
}

const clocks: Readonly<Record<TraceClock, (us: number) => string>> = {
  seconds: timeOfDay,
  microseconds: (us) => `${timeOfDay(us)}.${String(us % US_PER_SECOND).padStart(US_DIGITS, '0')}`,
  epoch: seconds,
}

/** HH:MM:SS in the time zone of this process. */
function timeOfDay(us: number): string {
  return new Date(us / NS_PER_US).toTimeString().slice(0, 'HH:MM:SS'.length)
}

function seconds(us: number): string {
  return `${Math.floor(us / US_PER_SECOND)}.${String(us % US_PER_SECOND).padStart(US_DIGITS, '0')}`
}

let offsetUs = 0
let comparedNs = Number.NEGATIVE_INFINITY

/** Microseconds since the epoch, whole: 51 bits. */
export function wallClockUs(atNs: number): number {
  if (Math.abs(atNs - comparedNs) > VALID_NS) compare()
  return Math.floor(atNs / NS_PER_US + offsetUs)
}

function compare(): void {
  comparedNs = monotonicNs()
  const time = new Float64Array(2)
  clock.readClock(CLOCK_REALTIME, time)
  const [seconds, nanoseconds] = time
  offsetUs = seconds * US_PER_SECOND + nanoseconds / NS_PER_US - comparedNs / NS_PER_US
}
