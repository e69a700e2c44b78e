// Host: what kernels and their file systems take from the host: time, random bytes, facts, calls on files. The kernel's embedder passes it.

import type {ClockAddon, HostFsAddon} from './host-addon.ts'

export interface Host {
  readonly clock: HostClock
  readonly random: HostRandom
  readonly files: HostFsAddon
  /** AT_HWCAP and AT_HWCAP2. */
  readonly hwcap: bigint
  readonly hwcap2: bigint
  /** The first paragraphs of /proc/cpuinfo, a byte string. */
  cpuinfo(): string
}

export interface HostClock extends ClockAddon {
  /** Milliseconds since the epoch. */
  realtimeMs(): number
  /** Programs, too, may tell the time by the processor's cycle counter. */
  readonly countsCycles: boolean
}

export interface HostRandom {
  /** Fills `target` with unpredictable bytes. @returns it */
  fill<Bytes extends Uint8Array>(target: Bytes): Bytes
}
