// ExitRegister: a device whose last written value, in its low byte, is the guest's exit status: 0 to 255.

import type {Device, DevicePlace} from '../bus.ts'

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
}
