// InterruptLine: how a device asks for attention. A line is level-triggered: raised until it is lowered.

import type {InterruptLine} from '../../vm/irqchip.ts'

export type {InterruptLine} from '../../vm/irqchip.ts'

/** For a machine without an interrupt controller. */
export const noLine: InterruptLine = {raise() {}, lower() {}, pulse() {}}

/** How a serial line reaches a machine with an interrupt controller; a machine without one polls. */
export interface SerialWiring {
  line: InterruptLine
  /** Called with what reads of the status register return, when the vCPU's thread answers them. */
  status: (value: number) => void
}

export const noWiring: SerialWiring = {line: noLine, status() {}}

/** A line that is told only of changes: setting it again costs no KVM call. */
export class Level {
  readonly #line: InterruptLine
  #isHigh = false

  constructor(line: InterruptLine) {
    this.#line = line
  }

  set(high: boolean): void {
    if (high === this.#isHigh) return
    this.#isHigh = high
    if (high) this.#line.raise()
    else this.#line.lower()
  }
}
