// Flat segments of x86_64: from address 0 to the last, in ring 0, in the GDT and in the segment registers.

import {badArgument} from '../errors.ts'
import type {RegisterValues} from './registers.ts'
import type {Vm} from './vm.ts'

/** Which entries of the GDT are used: the selectors 8, 16 or 24. @see {@link startLongMode} */
export interface Selectors {
  /** Of the code segment. 8 by default. */
  codeSelector?: number
  /** Of all data segments. 16 by default. */
  dataSelector?: number
}

/** The GDT's entries: one that is null, and one for each selector. */
const GDT_LENGTH = 4
const ENTRY_BYTES = 8
/** Ring 0, present, accessed, 4 GiB: SDM vol. 3, 3.4.5. */
const CODE = {32: 0x00cf9b000000ffffn, 64: 0x00af9b000000ffffn}
const DATA = 0x00cf93000000ffffn
const NAMES = ['cs', 'ds', 'es', 'fs', 'gs', 'ss']

/** What a segment register has: the SDM's names. */
interface Segment {
  selector: number
  base: number
  limit: number
  type: number
  l?: number
  db: number
  g: number
}
/** Accessed; code is readable, data is writable. */
export const CODE_TYPE = 11
export const DATA_TYPE = 3

/** @param bits of the code @returns checked selectors, ready to be put in place @throws HvError BAD_ARGUMENT */
export function flatSegments(bits: 32 | 64, {codeSelector = 8, dataSelector = 16}: Selectors): FlatSegments {
  if (codeSelector !== dataSelector) return new FlatSegments(bits, codeSelector, dataSelector)
  throw badArgument(`code and data cannot both be ${codeSelector}`, 'give two selectors')
}

class FlatSegments {
  readonly #bits: 32 | 64
  readonly #code: number
  readonly #data: number

  constructor(bits: 32 | 64, code: number, data: number) {
    this.#bits = bits
    this.#code = code
    this.#data = data
  }

  /** Writes the GDT to `gdt`. @returns the segment registers, and GDTR and IDTR: there is no IDT */
  write(vm: Vm, gdt: number): RegisterValues {
    const entries = new BigUint64Array(GDT_LENGTH)
    entries[this.#code / ENTRY_BYTES] = CODE[this.#bits]
    entries[this.#data / ENTRY_BYTES] = DATA
    vm.memory.write(gdt, new Uint8Array(entries.buffer))
    const flat = {base: 0, limit: 0xffffffff, g: 1}
    const is64 = this.#bits === 64
    return {
      ...segmentRegisters(
        {...flat, selector: this.#code, type: CODE_TYPE, l: is64 ? 1 : 0, db: is64 ? 0 : 1},
        {...flat, selector: this.#data, type: DATA_TYPE, db: 1},
      ),
      'gdt.base': BigInt(gdt),
      'gdt.limit': BigInt(GDT_LENGTH * ENTRY_BYTES - 1),
      'idt.base': 0n,
      'idt.limit': 0n,
    }
  }
}

/** CS, and the data segments' registers, all with the same values. */
export function segmentRegisters(code: Segment, data: Segment): RegisterValues {
  const values: Record<string, bigint> = {}
  for (const name of NAMES) {
    const fields = {...{l: 0, p: 1, dpl: 0, s: 1, unusable: 0}, ...(name === 'cs' ? code : data)}
    for (const [field, value] of Object.entries(fields)) values[`${name}.${field}`] = BigInt(value)
  }
  return values
}
