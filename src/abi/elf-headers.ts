// Writes the headers of an ELF64 file, little-endian: its own, and right behind it those of its segments. man 5 elf.

import {EHDR_SIZE, PHDR_SIZE} from './elf.ts'

interface ElfHeader {
  /** ET_*. */
  type: number
  /** EM_*. */
  machine: number
  entry?: number
  /** How many. */
  segments: number
}

export function setElfHeader(view: DataView, {type, machine, entry = 0, segments}: ElfHeader): void {
  // ELFCLASS64, ELFDATA2LSB, EV_CURRENT.
  ;[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, i) => {
    view.setUint8(i, byte)
  })
  view.setUint16(16, type, true)
  view.setUint16(18, machine, true)
  view.setUint32(20, 1, true)
  view.setBigUint64(24, BigInt(entry), true)
  view.setBigUint64(32, BigInt(EHDR_SIZE), true)
  view.setUint16(52, EHDR_SIZE, true)
  view.setUint16(54, PHDR_SIZE, true)
  view.setUint16(56, segments, true)
}

interface SegmentHeader {
  type: number
  flags: number
  offset: number
  /** Length in the file. */
  bytes: number
  address?: number | bigint
  physical?: number
  memory?: number
  align?: number
}

export function setSegmentHeader(
  view: DataView,
  index: number,
  {type, flags, offset, bytes, address = 0, physical = 0, memory = 0, align = 0}: SegmentHeader,
): void {
  const at = EHDR_SIZE + PHDR_SIZE * index
  view.setUint32(at, type, true)
  view.setUint32(at + 4, flags, true)
  ;[offset, address, physical, bytes, memory, align].forEach((value, i) => {
    view.setBigUint64(at + 8 + 8 * i, BigInt(value), true)
  })
}
