// MachineCore: leaves a machine that dies as an ELF core file.

import {addon} from '../addon.ts'
import {type DeadMachine, dumpMachine} from '../machine/debug/dump-machine.ts'
import type {CoreFile} from './core.ts'

export class MachineCore {
  readonly #file: CoreFile

  constructor(file: CoreFile) {
    this.#file = file
  }

  readonly onDead = (dead: DeadMachine): void => {
    // The machine has ended: dumping its memory may take longer than the watchdog waits.
    addon.stopWatchdog()
    this.#file.take('the machine', (sink) => dumpMachine(dead, sink))
  }

  close(): void {
    this.#file.close()
  }
}
