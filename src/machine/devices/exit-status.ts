// ExitStatus: the number that a guest leaves here is its status once it switches itself off.

import type {Device} from './device.ts'

const EXIT_STATUS = 0x09f00000

export class ExitStatus implements Device {
  readonly name = 'the exit status'
  readonly space = 'memory'
  readonly first = EXIT_STATUS
  readonly length = 4
  readonly sizes = [1, 2, 4]
  /** 0 to 255. */
  status = 0

  read(): number {
    return this.status
  }

  write(_offset: number, value: number): void {
    this.status = value % 256
  }
}
