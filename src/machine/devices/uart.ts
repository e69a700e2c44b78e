// Uart: what the UARTs of both architectures have in common: output, the interrupt, and input, which is opened when the guest wants some.

import type {InterruptLine} from '../../vm/irqchip.ts'
import type {Device, DevicePlace} from '../bus.ts'
import type {MachineInput, MachineOutput} from '../console/streams.ts'

/** After this many successive reads of the status, the guest waits for input. A driver reads it once before each byte it sends. */
const WAITING_POLLS = 16

/** How a UART reaches a machine with an interrupt controller; a machine without one polls. */
export interface UartWiring {
  /** Level-triggered: raised until it is lowered. */
  line: InterruptLine
  /** Called with what reads of the status register return, when the vCPU's thread answers them. Default: it does not. */
  status?: (value: number) => void
}

/** A UART with the registers of one kind. */
export abstract class Uart implements Device {
  abstract readonly place: DevicePlace
  protected readonly input: MachineInput
  /** The transmitter has become empty, and the guest was not told. */
  protected hasSent = false
  readonly #output: MachineOutput
  #wiring: UartWiring | undefined
  #isRaised = false
  #polls = 0

  constructor(input: MachineInput, output: MachineOutput) {
    this.input = input
    this.#output = output
    input.onChange(() => this.update())
  }

  wire(wiring: UartWiring): void {
    this.#wiring = wiring
    this.update()
  }

  /** The guest does nothing but poll for input. */
  get isWaiting(): boolean {
    return this.#polls >= WAITING_POLLS
  }

  abstract read(offset: number): number
  abstract save(): object
  abstract restore(state: unknown): void

  write(offset: number, value: number): void {
    this.#polls = 0
    this.store(offset, value)
    this.update()
  }

  protected abstract store(offset: number, value: number): void
  /** What the status register reads as. */
  protected abstract get status(): number
  /** An interrupt has a reason, and is enabled. */
  protected abstract get isPending(): boolean

  /** The interrupt and the status may have changed. Setting the line again would cost a call to KVM. */
  protected update(): void {
    if (this.#wiring === undefined) return
    const {isPending} = this
    if (isPending !== this.#isRaised) {
      this.#isRaised = isPending
      if (isPending) this.#wiring.line.raise()
      else this.#wiring.line.lower()
    }
    this.#wiring.status?.(this.status)
  }

  /** The guest reads the status. */
  protected poll(): void {
    this.#polls++
    // Not earlier: hv would take input that this guest never wants, and that is meant for the next reader.
    if (this.isWaiting) this.input.start()
  }

  /** The next byte, or 0. */
  protected take(): number {
    this.#polls = 0
    this.input.start()
    const byte = this.input.take() ?? 0
    this.update()
    return byte
  }

  protected put(byte: number): void {
    this.#output.put(byte)
    this.hasSent = true
  }
}
