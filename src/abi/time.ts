// Clocks and time structures: clock_gettime(2), timespec(3), timeval(3), getitimer(2). 64-bit fields on every architecture.

import {setInt64} from './word.ts'

export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1
export const CLOCK_PROCESS_CPUTIME_ID = 2
export const CLOCK_THREAD_CPUTIME_ID = 3
export const CLOCK_MONOTONIC_RAW = 4
export const CLOCK_REALTIME_COARSE = 5
export const CLOCK_MONOTONIC_COARSE = 6
export const CLOCK_BOOTTIME = 7
export const CLOCK_REALTIME_ALARM = 8
export const CLOCK_BOOTTIME_ALARM = 9
export const CLOCK_TAI = 11

/** clock_nanosleep(2), timer_settime(2), timerfd_settime(2). */
export const TIMER_ABSTIME = 1

export const NS_PER_SECOND = 1e9
const NS_PER_MICROSECOND = 1000

export const TIMESPEC_BYTES = 16
export const TIMEVAL_BYTES = 16
/** Two timespecs or timevals: interval, then value. */
export const ITIMER_BYTES = 32

export interface Timespec {
  readonly seconds: number
  readonly nanoseconds: number
}

export function decodeTimespec(bytes: Uint8Array, offset = 0): Timespec {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, TIMESPEC_BYTES)
  return {seconds: Number(view.getBigInt64(0, true)), nanoseconds: Number(view.getBigInt64(8, true))}
}

/** Linux's timespec64_valid: no negative seconds, less than a second of nanoseconds. */
export function isValidTimespec({seconds, nanoseconds}: Timespec): boolean {
  return seconds >= 0 && nanoseconds >= 0 && nanoseconds < NS_PER_SECOND
}

export function encodeTimespec(
  time: Timespec,
  bytes = new Uint8Array(TIMESPEC_BYTES),
  offset = 0,
): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, TIMESPEC_BYTES)
  setInt64(view, 0, time.seconds)
  setInt64(view, 8, time.nanoseconds)
  return bytes
}

/** A struct timeval as a Timespec: nanoseconds are whole microseconds, and out of range if those are. */
export function decodeTimeval(bytes: Uint8Array, offset = 0): Timespec {
  const {seconds, nanoseconds: microseconds} = decodeTimespec(bytes, offset)
  return {seconds, nanoseconds: microseconds * NS_PER_MICROSECOND}
}

export function encodeTimeval(time: Timespec, bytes = new Uint8Array(TIMEVAL_BYTES), offset = 0): Uint8Array {
  const microseconds = Math.floor(time.nanoseconds / NS_PER_MICROSECOND)
  return encodeTimespec({seconds: time.seconds, nanoseconds: microseconds}, bytes, offset)
}

/** Nanoseconds, exact up to 104 days. */
export function toNs(time: Timespec): number {
  return time.seconds * NS_PER_SECOND + time.nanoseconds
}

export function fromNs(ns: number): Timespec {
  const seconds = Math.floor(ns / NS_PER_SECOND)
  return {seconds, nanoseconds: Math.floor(ns - seconds * NS_PER_SECOND)}
}

/** Nanoseconds from `start` to `end`: exact also for times since the epoch. */
export function differenceNs(end: Timespec, start: Timespec): number {
  return (end.seconds - start.seconds) * NS_PER_SECOND + (end.nanoseconds - start.nanoseconds)
}

export function toSeconds({seconds, nanoseconds}: Timespec): number {
  return seconds + nanoseconds / NS_PER_SECOND
}

/** utimensat(2): nanoseconds that mean now, or unchanged (linux/stat.h). */
export const UTIME_NOW = 0x3fffffff
export const UTIME_OMIT = 0x3ffffffe

/** USER_HZ: ticks per second of times(2) and /proc. */
export const USER_HZ = 100
export const NS_PER_TICK = NS_PER_SECOND / USER_HZ
