// Intel's MultiProcessor Specification 1.4: tables of processors and interrupts, for kernels that do not read ACPI's.

import {IOAPIC, LOCAL_APIC} from './acpi.ts'

const POINTER_BYTES = 16
const HEADER_BYTES = 44
/** Specification 1.4. */
const REVISION = 4
const LOCAL_APIC_VERSION = 0x14
const IOAPIC_VERSION = 0x11
const ENABLED = 1
const BOOTS = 2
/** Types of entries. */
const [PROCESSOR, BUS, IO_APIC, IO_INTERRUPT, LOCAL_INTERRUPT] = [0, 1, 2, 3, 4]
/** Types of interrupts. */
const [VECTORED, NMI, FROM_PIC] = [0, 1, 3]
const ISA_INTERRUPTS = 16
/** The second PIC's. */
const CASCADE = 2
const ALL_APICS = 0xff
/** ID 255 is all APICs. */
const MOST_PROCESSORS = 255
const FPU_AND_APIC = 0x201

/** The floating pointer structure and, behind it, the table. @param at guest physical, a multiple of 16 */
export function mpTable(at: number, cpus: number): Uint8Array {
  const entries = [
    ...Array.from({length: Math.min(cpus, MOST_PROCESSORS)}, (_, id) => processor(id)),
    Buffer.from([BUS, 0, ...Buffer.from('ISA   ')]),
    ioApic(),
    ...Array.from({length: ISA_INTERRUPTS}, (_, line) => line)
      .filter((line) => line !== CASCADE)
      .map((line) => Buffer.from([IO_INTERRUPT, VECTORED, 0, 0, 0, line, 0, line])),
    Buffer.from([LOCAL_INTERRUPT, FROM_PIC, 0, 0, 0, 0, ALL_APICS, 0]),
    Buffer.from([LOCAL_INTERRUPT, NMI, 0, 0, 0, 0, ALL_APICS, 1]),
  ]
  const header = Buffer.alloc(HEADER_BYTES)
  const table = Buffer.concat([header, ...entries])
  table.write('PCMP', 0, 'latin1')
  table.writeUInt16LE(table.length, 4)
  table[6] = REVISION
  table.write('HV      HV          ', 8, 'latin1')
  table.writeUInt16LE(entries.length, 34)
  table.writeUInt32LE(LOCAL_APIC, 36)
  setSum(table, 7)

  const pointer = Buffer.alloc(POINTER_BYTES)
  pointer.write('_MP_', 0, 'latin1')
  pointer.writeUInt32LE(at + POINTER_BYTES, 4)
  pointer[8] = POINTER_BYTES / 16
  pointer[9] = REVISION
  setSum(pointer, 10)
  return Buffer.concat([pointer, table])
}

function processor(id: number): Buffer {
  const entry = Buffer.alloc(20)
  entry.set([PROCESSOR, id, LOCAL_APIC_VERSION, ENABLED | (id === 0 ? BOOTS : 0)])
  entry.writeUInt32LE(FPU_AND_APIC, 8)
  return entry
}

/** KVM's has ID 0. */
function ioApic(): Buffer {
  const entry = Buffer.from([IO_APIC, 0, IOAPIC_VERSION, ENABLED, 0, 0, 0, 0])
  entry.writeUInt32LE(IOAPIC, 4)
  return entry
}

/** The sum of all bytes is 0 then. */
function setSum(bytes: Buffer, at: number): void {
  bytes[at] = -bytes.reduce((sum, value) => sum + value, 0) & 0xff
}
