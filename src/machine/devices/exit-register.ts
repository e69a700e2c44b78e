// ExitRegister: the number that a guest leaves here is its exit status: 0 to 255.

import type {Device} from './device.ts'

export class ExitRegister implements Device {
  readonly name: string
  readonly space: Device['space']
  readonly first: number
  readonly length: number
  readonly sizes = [1, 2, 4]
  /** Undefined until it is written. */
  status: number | undefined

  constructor(place: Pick<Device, 'name' | 'space' | 'first' | 'length'>) {
    this.name = place.name
    this.space = place.space
    this.first = place.first
    this.length = place.length
  }

  read(): number {
    return this.status ?? 0
  }

  write(_offset: number, value: number): void {
    this.status = value % 256
  }
}
