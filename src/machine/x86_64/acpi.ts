// ACPI tables for a machine without ACPI hardware (ACPI 6.5, sections 5.2 and 4.1): processors, the IOAPIC, devices, power.

import type {PlacedDevice} from '../bus.ts'
import {POWER_PORTS} from '../devices/acpi-power.ts'
import * as aml from './aml.ts'

/** Guest physical: where a BIOS has them. */
export const TABLES = 0xe0000
const TABLES_END = 0x100000
export const LOCAL_APIC = 0xfee00000
export const IOAPIC = 0xfec00000

const HEADER_BYTES = 36
const CHECKSUM_AT = 9
const RSDP_BYTES = 36
/** The RSDP's first checksum covers this many bytes. */
const RSDP_OLD_BYTES = 20

const RESET_REGISTER_IS = 1 << 10
const HARDWARE_REDUCED = 1 << 20
/** There is no VGA, no message-signalled interrupt of PCI, no PCIe ASPM. */
const BOOT_ARCHITECTURE = 0x1c
const SYSTEM_IO = 1
/** What _S5 tells the kernel to write. */
const SOFT_OFF = 5

/** The tables as they lie from TABLES on; the RSDP comes first. */
export function acpiTables(cpus: number, devices: readonly PlacedDevice[]): Uint8Array {
  const tables = new Uint8Array(TABLES_END - TABLES)
  let end = RSDP_BYTES
  const put = (table: Buffer): number => {
    end = (end + 15) & -16
    tables.set(table, end)
    end += table.length
    return TABLES + end - table.length
  }
  const dsdt = put(table('DSDT', 2, Buffer.from(dsdtOf(devices))))
  const fadt = put(fadtOf(dsdt))
  const madt = put(madtOf(cpus))
  const xsdt = put(table('XSDT', 1, Buffer.from(BigUint64Array.of(BigInt(fadt), BigInt(madt)).buffer)))
  tables.set(rsdpOf(xsdt))
  return tables.subarray(0, end)
}

function dsdtOf(devices: readonly PlacedDevice[]): readonly number[] {
  const nodes = devices.map((device, index) => {
    const place = index.toString(16).toUpperCase().padStart(2, '0')
    return nodeOf(device, place, aml.name('_UID', aml.byte(index)))
  })
  return [...aml.scope('\\_SB_', ...nodes), ...aml.name('\\_S5_', aml.list([aml.byte(SOFT_OFF)]))]
}

function nodeOf({kind, first, length, gsi}: PlacedDevice, place: string, unique: aml.Bytes): aml.Bytes {
  const node = (letters: string, id: aml.Bytes, ...terms: aml.Bytes[]): aml.Bytes =>
    aml.device(`${letters}${place}`, aml.name('_HID', id), unique, ...terms)
  switch (kind) {
    case 'serial': {
      const used = aml.resources(aml.ports(first, length), aml.interrupt(gsi, {edge: true}))
      return node('CM', aml.eisaId('PNP0501'), used)
    }
    case 'clock':
      return node('RT', aml.eisaId('PNP0B00'), aml.resources(aml.ports(first, length)))
    case 'virtio': {
      const used = aml.resources(aml.memory(first, length), aml.interrupt(gsi, {shared: true}))
      // Linux's name for virtio-mmio: drivers/virtio/virtio_mmio.c.
      return node('VR', aml.text('LNRO0005'), aml.name('_CCA', aml.byte(1)), used)
    }
  }
}

/** Offsets from the table's beginning: ACPI 6.5, table 5.9. */
function fadtOf(dsdt: number): Buffer {
  const FADT_BYTES = 276
  const body = Buffer.alloc(FADT_BYTES - HEADER_BYTES)
  const at = (offset: number): number => offset - HEADER_BYTES
  body.writeUInt32LE(dsdt, at(40))
  body.writeUInt16LE(BOOT_ARCHITECTURE, at(109))
  body.writeUInt32LE(RESET_REGISTER_IS | HARDWARE_REDUCED, at(112))
  port(POWER_PORTS.reset).copy(body, at(116))
  body[at(128)] = 1
  body[at(131)] = 5
  body.writeBigUInt64LE(BigInt(dsdt), at(140))
  port(POWER_PORTS.sleepControl).copy(body, at(244))
  port(POWER_PORTS.sleepStatus).copy(body, at(256))
  return table('FACP', 6, body)
}

/** A generic address of one byte (table 5.1). */
function port(number: number): Buffer {
  const bytes = Buffer.from([SYSTEM_IO, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeUInt16LE(number, 4)
  return bytes
}

function madtOf(cpus: number): Buffer {
  const ENABLED = 1
  const body = Buffer.alloc(8)
  body.writeUInt32LE(LOCAL_APIC, 0)
  const processors = Array.from({length: cpus}, (_, id) => Buffer.from([0, 8, id, id, ENABLED, 0, 0, 0]))
  const ioapic = Buffer.alloc(12)
  ioapic.set([1, 12, 0, 0])
  ioapic.writeUInt32LE(IOAPIC, 4)
  return table('APIC', 5, Buffer.concat([body, ...processors, ioapic]))
}

function table(signature: string, revision: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(signature, 0, 'latin1')
  header.writeUInt32LE(HEADER_BYTES + body.length, 4)
  header[8] = revision
  header.write('HV    HV      ', 10, 'latin1')
  header.writeUInt32LE(1, 24)
  header.write('HV  ', 28, 'latin1')
  header.writeUInt32LE(1, 32)
  return summed(Buffer.concat([header, body]), CHECKSUM_AT)
}

function rsdpOf(xsdt: number): Buffer {
  const rsdp = Buffer.alloc(RSDP_BYTES)
  rsdp.write('RSD PTR ', 0, 'latin1')
  rsdp.write('HV    ', 9, 'latin1')
  rsdp[15] = 2
  rsdp.writeUInt32LE(RSDP_BYTES, 20)
  rsdp.writeBigUInt64LE(BigInt(xsdt), 24)
  summed(rsdp.subarray(0, RSDP_OLD_BYTES), 8)
  return summed(rsdp, 32)
}

/** Sets the byte that makes the sum of all bytes 0. */
function summed(bytes: Buffer, at: number): Buffer {
  bytes[at] = 0
  bytes[at] = -bytes.reduce((sum, value) => sum + value, 0) & 0xff
  return bytes
}
