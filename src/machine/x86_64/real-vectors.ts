// The interrupt vectors of a guest in real mode, and what they report to: there is no BIOS.

import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {Device} from '../bus.ts'
import {failed} from '../machine-result.ts'

const VECTORS = 256
/** Where a BIOS would be. */
export const STUB = 0xf0000
const REPORT_PORT = 0xf6
/** mov %cs, %ax; out %ax, $REPORT_PORT */
const STUB_CODE = Uint8Array.of(0x8c, 0xc8, 0xe7, REPORT_PORT)
/** Vector n is the stub by the segment that is n lower: CS says which vector it was. */
const FIRST_SEGMENT = STUB >> 4

/** Until the guest has its own vectors, each of these reports to the machine. */
export function writeRealVectors(memory: GuestMemory): void {
  const pointers = Uint16Array.from({length: 2 * VECTORS}, (_, index) => {
    const vector = index >> 1
    return index % 2 === 0 ? vector << 4 : FIRST_SEGMENT - vector
  })
  memory.write(0, new Uint8Array(pointers.buffer))
  memory.write(STUB, STUB_CODE)
}

export class VectorReport implements Device {
  readonly place = {
    name: 'the report of vectors',
    space: 'port',
    first: REPORT_PORT,
    length: 1,
    sizes: [2],
  } as const

  read(): number {
    return 0
  }

  /** @throws HvError always */
  write(_offset: number, segment: number): void {
    const vector = (FIRST_SEGMENT - segment) & 0xffff
    throw failed(
      `the guest took interrupt 0x${vector.toString(16)} and has no handler: there is no BIOS`,
      'write to the serial port 0x3f8, or set the vector',
    )
  }
}
