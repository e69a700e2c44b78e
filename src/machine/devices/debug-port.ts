// DebugPort: a byte written here goes to standard error. It is Bochs's port; reading it shows that it is there.

import type {MachineOutput} from '../console/streams.ts'
import type {Device} from './device.ts'

const DEBUG_PORT = 0xe9

export class DebugPort implements Device {
  readonly name = 'the debug port'
  readonly space = 'port'
  readonly first = DEBUG_PORT
  readonly length = 1
  readonly sizes = [1]
  readonly #output: MachineOutput

  constructor(output: MachineOutput) {
    this.#output = output
  }

  read(): number {
    return DEBUG_PORT
  }

  write(_offset: number, value: number): void {
    this.#output.put(value)
  }
}
