// gdb's signal numbers, which are the same on every system (include/gdb/signals.def), and Linux's.

/** For Linux's 1 to 31, in order; 143 is gdb's number for a signal that it does not know. */
const STANDARD = [
  1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, 143, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23,
  32, 12,
]
const FIRST_REALTIME = 32
const LAST_REALTIME = 64
/** GDB_SIGNAL_REALTIME_32 and _64; those between have consecutive numbers. */
const REALTIME_32 = 77
const REALTIME_33 = 45
const REALTIME_64 = 78
const UNKNOWN = 143

export function toGdbSignal(linux: number): number {
  if (linux === 0) return 0
  if (linux === FIRST_REALTIME) return REALTIME_32
  if (linux === LAST_REALTIME) return REALTIME_64
  if (linux > FIRST_REALTIME)
    return linux < LAST_REALTIME ? REALTIME_33 + linux - FIRST_REALTIME - 1 : UNKNOWN
  return STANDARD[linux - 1] ?? UNKNOWN
}

/** @returns undefined when Linux has no such signal; 0 for none */
export function toLinuxSignal(gdb: number): number | undefined {
  if (gdb === 0) return 0
  for (let linux = 1; linux <= LAST_REALTIME; linux++) {
    if (toGdbSignal(linux) === gdb && gdb !== UNKNOWN) return linux
  }
  return undefined
}
