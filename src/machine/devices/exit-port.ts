// ExitPort: the number that a guest writes here ends the run.

import type {Device} from './device.ts'

const EXIT_PORT = 0xf4

export class ExitPort implements Device {
  readonly name = 'the exit port'
  readonly space = 'port'
  readonly first = EXIT_PORT
  readonly length = 1
  readonly sizes = [1, 2, 4]
  /** 0 to 255; undefined until it is written. */
  status: number | undefined

  read(): number {
    return 0
  }

  write(_offset: number, value: number): void {
    this.status = value % 256
  }
}
