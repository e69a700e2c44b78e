// FaultReport: where the machine's exception vectors report that the guest took an exception without its own vectors.

import type {Registers} from '../../vm/registers.ts'
import type {Device} from '../bus.ts'
import {failed} from '../machine-result.ts'

/** A multiple of 64 KiB: one instruction loads it. */
export const FAULT_REPORT = 0x09f10000

export class FaultReport implements Device {
  readonly place = {
    name: 'the fault report',
    space: 'memory',
    first: FAULT_REPORT,
    length: 4,
    sizes: [4],
  } as const
  readonly #registers: Registers

  constructor(registers: Registers) {
    this.#registers = registers
  }

  read(): number {
    return 0
  }

  /** @throws HvError always */
  write(): void {
    const registers = this.#registers
    // Arm ARM C5.2.19: bits 3 and 2 of PSTATE.M are the exception level.
    const isEl2 = ((registers.get('pstate') >> 2n) & 3n) === 2n
    const [esr, elr, far] = (['esr', 'elr', 'far'] as const).map((name) =>
      registers.get(isEl2 ? `${name}_el2` : `${name}_el1`).toString(16),
    )
    throw failed(
      `the guest took an exception at address 0x${elr} and has no handler: ESR 0x${esr}, FAR 0x${far}`,
      `correct the guest, or let it set ${isEl2 ? 'VBAR_EL2' : 'VBAR_EL1'}`,
    )
  }
}
