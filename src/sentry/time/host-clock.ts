// The host's clocks, from the addon: the guest's time is the host's.

import {addon} from '../../addon.ts'

const out = new Float64Array(2)

/** CLOCK_MONOTONIC, nanoseconds. */
export function monotonicNs(): number {
  return addon.monotonicNs()
}

/** `id`: one of the host's CLOCK_*. The array is reused by the next call: [seconds, nanoseconds]. */
export function readHostClock(id: number): Float64Array {
  addon.readClock(id, out)
  return out
}
