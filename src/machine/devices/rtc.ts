// Rtc: what the clocks of both architectures have in common: a settable time that runs with the host's. They have no alarm.

import * as takes from '../../options.ts'
import type {Device, DevicePlace} from '../bus.ts'

/** Of a Date, in milliseconds. */
const MOST_MS = 8.64e15

/** What every clock saves. */
export const rtcFields = {ahead: takes.integer(-MOST_MS, MOST_MS)}
const savedState = takes.options(rtcFields)

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

  /** In a snapshot that is restored later, the clock has gone on. */
  save(): {ahead: number} {
    return {ahead: this.#ahead}
  }

  restore(state: unknown): void {
    this.#ahead = takes.checked(savedState, state, this.place.name).ahead
  }
}
