// DebugPort: a byte written here goes to standard error. It is Bochs's port; reading it shows that it is there.

import type {Device} from '../bus.ts'
import type {MachineOutput} from '../console/streams.ts'

const DEBUG_PORT = 0xe9

export class DebugPort implements Device {
  readonly place = {name: 'the debug port', space: 'port', first: DEBUG_PORT, length: 1, sizes: [1]} as const
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
