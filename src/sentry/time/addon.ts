// The addon's part of the sentry: time.

/** native/napi/clock.cc. */
export interface ClockAddon {
  /** CLOCK_MONOTONIC, nanoseconds. */
  monotonicNs(): number
  /** Stores clock `id`'s seconds in out[0], nanoseconds in out[1]. Throws an Error with `errno` for an unknown clock. */
  readClock(id: number, out: Float64Array): void
}

/** native/napi/vdso.cc. */
export interface VdsoAddon {
  /** A copy of the vDSO's ELF image. It is mapped as it is, readable and executable, directly after the vvar page. */
  vdsoImage(): Uint8Array
  /** Stores the seven fields of native/sys/clock_sample.h. */
  sampleClocks(out: BigInt64Array): void
  /** The processor says that its cycle counter is fit to be a clock. */
  cyclesAreInvariant(): boolean
}
