// ExitRegister: a device whose last written value, in its low byte, is the guest's exit status: 0 to 255.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import type {Device, DevicePlace} from '../bus.ts'

const savedState = takes.options({status: v.optional(takes.integer(0, 255))})

export class ExitRegister implements Device {
  readonly place: DevicePlace
  /** Undefined until it is written. */
  status: number | undefined

  constructor(place: Omit<DevicePlace, 'sizes'>) {
    this.place = {...place, sizes: [1, 2, 4]}
  }

  read(): number {
    return this.status ?? 0
  }

  write(_offset: number, value: number): void {
    this.status = value % 256
  }

  save(): v.InferOutput<typeof savedState> {
    return {status: this.status}
  }

  restore(state: unknown): void {
    this.status = takes.checked(savedState, state, this.place.name).status
  }
}
