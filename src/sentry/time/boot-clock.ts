// BootClock: the guest's clocks by their clockid_t. Those that count from a boot count from its kernel's, not from the host's.

import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_RAW,
  differenceNs,
  NS_PER_SECOND,
  type Timespec,
} from '../../abi/time.ts'
import type {HostClock} from '../../vfs/host.ts'

/**
 * As in a time namespace (man 7 time_namespaces). The offsets are whole seconds: a number of nanoseconds since the host's boot
 * stays exact when one is added.
 */
export class BootClock {
  /** What the host's clocks show, in seconds, when the guest's show 0. */
  readonly monotonicSeconds: number
  readonly rawSeconds: number
  readonly boottimeSeconds: number

  /** The host's. */
  readonly clock: HostClock
  readonly #time = new Float64Array(2)

  constructor(clock: HostClock) {
    this.clock = clock
    const monotonic = this.#host(CLOCK_MONOTONIC)
    this.monotonicSeconds = monotonic.seconds
    this.rawSeconds = this.#host(CLOCK_MONOTONIC_RAW).seconds
    // CLOCK_BOOTTIME is never behind CLOCK_MONOTONIC.
    const suspendedNs = differenceNs(this.#host(CLOCK_BOOTTIME), monotonic)
    this.boottimeSeconds = monotonic.seconds + Math.floor(suspendedNs / NS_PER_SECOND)
  }

  /** @param id one of the host's CLOCK_* */
  read(id: number): Timespec {
    const {seconds, nanoseconds} = this.#host(id)
    return {seconds: seconds - this.#offsetOf(id), nanoseconds}
  }

  /** The host's CLOCK_MONOTONIC minus the guest's, nanoseconds. */
  get monotonicNs(): number {
    return this.monotonicSeconds * NS_PER_SECOND
  }

  #offsetOf(id: number): number {
    if (id === CLOCK_MONOTONIC) return this.monotonicSeconds
    if (id === CLOCK_MONOTONIC_RAW) return this.rawSeconds
    return id === CLOCK_BOOTTIME ? this.boottimeSeconds : 0
  }

  #host(id: number): Timespec {
    this.clock.readClock(id, this.#time)
    return {seconds: this.#time[0], nanoseconds: this.#time[1]}
  }
}
