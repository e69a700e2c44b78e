// AcpiPower: ports by which a kernel switches the machine off, or resets it (ACPI 6.5, section 4.8.3.7: sleep control, reset).

import type {Device} from '../bus.ts'

export const POWER_PORTS = {sleepControl: 0x600, sleepStatus: 0x601, reset: 0x602}
/** SLP_EN; SLP_TYPx is in bits 2 to 4. */
const SLEEP = 0x20

export class AcpiPower implements Device {
  readonly place = {
    name: 'the power control',
    space: 'port',
    first: POWER_PORTS.sleepControl,
    length: 3,
    sizes: [1],
  } as const
  /** What the kernel asked for. */
  asked: 'off' | 'reset' | undefined

  read(): number {
    return 0
  }

  write(offset: number, value: number): void {
    const port = this.place.first + offset
    if (port === POWER_PORTS.reset) this.asked = 'reset'
    else if (port === POWER_PORTS.sleepControl && (value & SLEEP) !== 0) this.asked = 'off'
  }
}
