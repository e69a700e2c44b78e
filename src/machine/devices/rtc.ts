// Rtc: what the clocks of both architectures have in common: a settable time that runs with the host's. They have no alarm.

import type {Device, DevicePlace} from '../bus.ts'

export abstract class Rtc implements Device {
  abstract readonly place: DevicePlace
  readonly #now: () => number
  /** How far the guest's clock is ahead of the host's. */
  #ahead = 0

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  abstract read(offset: number): number
  abstract write(offset: number, value: number): void

  /** Milliseconds since 1970, for the guest. */
  protected get time(): number {
    return this.#now() + this.#ahead
  }

  protected set time(time: number) {
    this.#ahead = time - this.#now()
  }
}
