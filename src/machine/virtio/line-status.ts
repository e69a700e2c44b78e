// LineStatus: an interrupt's status for machines whose exits JavaScript answers: it drives a level-triggered line.

import type {InterruptStatus} from '../../vm/device-table.ts'
import type {InterruptLine} from '../../vm/irqchip.ts'

export class LineStatus implements InterruptStatus {
  value = 0
  readonly #line: InterruptLine

  constructor(line: InterruptLine) {
    this.#line = line
  }

  add(causes: number): void {
    const before = this.value
    this.value |= causes
    if (before === 0 && this.value !== 0) this.#line.raise()
  }

  remove(causes: number): void {
    const before = this.value
    this.value &= ~causes
    if (before !== 0 && this.value === 0) this.#line.lower()
  }
}
