// The state in which a bare-metal guest starts on x86_64: long mode, everything below 4 GiB mapped to itself.

import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import type {StartOfGuest} from '../machine.ts'

// Below ARGUMENTS.
const PML4 = 0x1000
const PDPT = 0x2000
/** Four page directories follow one another: 2 MiB a page, 1 GiB a directory. */
const DIRECTORIES = 0x3000
const GDT = 0x7000

const GIB_MAPPED = 4
const ENTRIES = 512
const PAGE_BYTES = 4096
/** Present, writable; large: 2 MiB. SDM vol. 3, 5.5.4. */
const TABLE = 0x3n
const LARGE_PAGE = 0x83n
const LARGE_PAGE_BYTES = 2 ** 21

const CODE_SELECTOR = 0x08
const DATA_SELECTOR = 0x10
/** Ring 0, 64-bit code; ring 0, data. */
const CODE = 0x00af9b000000ffffn
const DATA = 0x00cf93000000ffffn
const GDT_LENGTH = 4

/** PG WP NE ET MP PE; OSXMMEXCPT OSFXSR PAE; NXE LMA LME. */
const CR0 = 0x80010033n
const CR4 = 0x620n
const EFER = 0xd00n
/** Interrupts off. */
const RFLAGS = 0x2n

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  const [rdi, rsi, rdx] = args
  enterLongMode(vm, vcpu, {rip: entry, rsp: stack, rdi, rsi, rdx, code: CODE_SELECTOR, data: DATA_SELECTOR})
}

export interface LongModeEntry {
  rip: number
  rsp: number
  rdi?: number
  rsi: number
  rdx?: number
  /** Selectors: 8 to 24. */
  code: number
  data: number
}

/** Ring 0 of 64-bit mode, everything below 4 GiB mapped to itself, interrupts off. Tables lie from 0x1000 to 0x7fff. */
export function enterLongMode(vm: Vm, vcpu: Vcpu, entry: LongModeEntry): void {
  const {code, data, rip, rsp, rdi = 0, rsi, rdx = 0} = entry
  writeTables(vm, code, data)
  vcpu.registers.set({
    ...segments(BigInt(code), BigInt(data)),
    'gdt.base': BigInt(GDT),
    'gdt.limit': BigInt(GDT_LENGTH * 8 - 1),
    'idt.base': 0n,
    'idt.limit': 0n,
    cr0: CR0,
    cr3: BigInt(PML4),
    cr4: CR4,
    efer: EFER,
    rip: BigInt(rip),
    rsp: BigInt(rsp),
    rflags: RFLAGS,
    rdi: BigInt(rdi),
    rsi: BigInt(rsi),
    rdx: BigInt(rdx),
  })
}

function writeTables(vm: Vm, code: number, data: number): void {
  const table = (address: number, length: number, entry: (index: number) => bigint): void => {
    const entries = BigUint64Array.from({length}, (_, index) => entry(index))
    vm.memory.write(address, new Uint8Array(entries.buffer))
  }
  table(PML4, 1, () => BigInt(PDPT) | TABLE)
  table(PDPT, GIB_MAPPED, (index) => BigInt(DIRECTORIES + index * PAGE_BYTES) | TABLE)
  table(DIRECTORIES, GIB_MAPPED * ENTRIES, (index) => BigInt(index * LARGE_PAGE_BYTES) | LARGE_PAGE)
  table(GDT, GDT_LENGTH, (index) => (index === code / 8 ? CODE : index === data / 8 ? DATA : 0n))
}

function segments(code: bigint, data: bigint): Record<string, bigint> {
  const values: Record<string, bigint> = {}
  for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss']) {
    const isCode = name === 'cs'
    const fields = {
      base: 0n,
      limit: 0xffffffffn,
      selector: isCode ? code : data,
      type: isCode ? 11n : 3n,
      p: 1n,
      dpl: 0n,
      s: 1n,
      l: isCode ? 1n : 0n,
      db: isCode ? 0n : 1n,
      g: 1n,
      unusable: 0n,
    }
    for (const [field, value] of Object.entries(fields)) values[`${name}.${field}`] = value
  }
  return values
}
