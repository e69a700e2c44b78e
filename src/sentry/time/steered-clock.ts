// SteeredClock: follows a host clock with the cycle counter, and never runs backwards.

/** A clock and the counter at the same instant. */
export interface Reading {
  readonly cycles: bigint
  readonly ns: bigint
}

/** native/shim/vvar.h: VVAR_SHIFT. */
const SHIFT = 32n
/** The first rate is off by some ten nanoseconds per millisecond, and gets better with each refresh. */
export const FIRST_WINDOW_NS = 1_000_000n
/** The rate's error grows with the time since it was measured: ten windows keep it at a microsecond. */
const WINDOWS_PER_INTERVAL = 10n
const MAX_INTERVAL_NS = 1_000_000_000n
/** The rate is measured over the last 4 to 8 seconds: long enough for 10^-8, short enough to follow NTP. */
const ANCHOR_NS = 4_000_000_000n
/** Linux slews by at most 500 ppm; if a rate is further off than this share, the counter has jumped. */
const JUMP_SHARE = 500n
/** A clock that is ahead is slowed by at most a twentieth until it is right. */
const SLEW_SHARE = 20n

export class SteeredClock {
  /** The clock at `cycles`, the last argument of `update`. */
  baseNs = 0n
  /** Nanoseconds per cycle, times 2^32; 0 until the clock runs. */
  mult = 0n
  #baseCycles = 0n
  #rate = 0n
  /** The rate is measured from `#anchor`; `#successor` takes its place when it is old enough. */
  #anchor: Reading
  #successor: Reading | undefined
  #hasJumped = false
  #windowNs = 0n

  constructor(first: Reading) {
    this.#anchor = first
  }

  /** How long the clock may run before the next `update`. */
  get intervalNs(): bigint {
    if (this.#windowNs === 0n) return FIRST_WINDOW_NS
    return smaller(this.#windowNs * WINDOWS_PER_INTERVAL, MAX_INTERVAL_NS)
  }

  /**
   * Takes a new reading and starts a new stretch at `cycles`.
   * @returns whether the clock runs; it does not before FIRST_WINDOW_NS
   */
  update(reading: Reading, cycles: bigint): boolean {
    if (!this.#measure(reading)) return false

    const actual = reading.ns + (((cycles - reading.cycles) * this.#rate) >> SHIFT)
    const shown = this.mult === 0n ? actual : this.#shown(cycles)
    const ahead = shown - actual
    this.#baseCycles = cycles
    // A clock that is behind may step forward. One that is ahead runs slower, so that the host has caught up at the next update.
    this.baseNs = ahead > 0n ? shown : actual
    this.mult = this.#rate
    if (ahead > 0n) this.mult -= smaller((this.#rate * ahead) / this.intervalNs, this.#rate / SLEW_SHARE)
    return true
  }

  #shown(cycles: bigint): bigint {
    return this.baseNs + (((cycles - this.#baseCycles) * this.mult) >> SHIFT)
  }

  // Sets the rate; returns whether there is one.
  #measure(reading: Reading): boolean {
    const windowNs = reading.ns - this.#anchor.ns
    if (windowNs < FIRST_WINDOW_NS) return this.#rate !== 0n
    if (reading.cycles <= this.#anchor.cycles) return this.#restart(reading)

    const rate = (windowNs << SHIFT) / (reading.cycles - this.#anchor.cycles)
    const isJump = this.#rate !== 0n && distance(rate, this.#rate) > this.#rate / JUMP_SHARE
    if (isJump && !this.#hasJumped) return this.#restart(reading)

    this.#hasJumped = false
    this.#rate = rate
    this.#windowNs = windowNs
    this.#successor ??= reading
    if (reading.ns - this.#successor.ns >= ANCHOR_NS) {
      this.#anchor = this.#successor
      this.#successor = reading
    }
    return true
  }

  // The host was suspended or moved: the old rate serves until a new one has been measured.
  #restart(reading: Reading): boolean {
    this.#anchor = reading
    this.#successor = undefined
    this.#hasJumped = true
    this.#windowNs = 0n
    return this.#rate !== 0n
  }
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a)
