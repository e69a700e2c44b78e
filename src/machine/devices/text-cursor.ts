// TextCursor: the registers of a text display's controller, Motorola's MC6845, behind an index port and a data port. There is no display: it
// keeps where the cursor is, which kernels for PCs store there and read again.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import type {Device} from '../bus.ts'

const PORTS = {first: 0x3d4, length: 2} as const
const INDEX = 0
const REGISTERS = 32

const savedState = takes.options({
  index: takes.integer(0, REGISTERS - 1),
  registers: v.pipe(takes.list(takes.integer(0, 255), 'bytes'), v.length(REGISTERS, `${REGISTERS} of them`)),
})

export class TextCursor implements Device {
  readonly place = {name: 'the text cursor', space: 'port', ...PORTS, sizes: [1]} as const
  readonly #registers = new Uint8Array(REGISTERS)
  #index = 0

  read(offset: number): number {
    return offset === INDEX ? this.#index : this.#registers[this.#index]
  }

  write(offset: number, value: number): void {
    if (offset === INDEX) this.#index = value % REGISTERS
    else this.#registers[this.#index] = value
  }

  save(): v.InferOutput<typeof savedState> {
    return {index: this.#index, registers: [...this.#registers]}
  }

  restore(state: unknown): void {
    const {index, registers} = takes.checked(savedState, state, this.place.name)
    this.#index = index
    this.#registers.set(registers)
  }
}
