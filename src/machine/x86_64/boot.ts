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

const CODE_SELECTOR = 0x08n
const DATA_SELECTOR = 0x10n
/** Ring 0, 64-bit code; ring 0, data. */
const GDT_ENTRIES = [0n, 0x00af9b000000ffffn, 0x00cf93000000ffffn]

/** PG WP NE ET MP PE; OSXMMEXCPT OSFXSR PAE; NXE LMA LME. */
const CR0 = 0x80010033n
const CR4 = 0x620n
const EFER = 0xd00n
/** Interrupts off. */
const RFLAGS = 0x2n

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  writeTables(vm)
  vcpu.registers.set({
    ...segments(),
    'gdt.base': BigInt(GDT),
    'gdt.limit': BigInt(GDT_ENTRIES.length * 8 - 1),
    'idt.base': 0n,
    'idt.limit': 0n,
    cr0: CR0,
    cr3: BigInt(PML4),
    cr4: CR4,
    efer: EFER,
    rip: BigInt(entry),
    rsp: BigInt(stack),
    rflags: RFLAGS,
    rdi: BigInt(args[0]),
    rsi: BigInt(args[1]),
    rdx: BigInt(args[2]),
  })
}

function writeTables(vm: Vm): void {
  const table = (address: number, length: number, entry: (index: number) => bigint): void => {
    const entries = BigUint64Array.from({length}, (_, index) => entry(index))
    vm.memory.write(address, new Uint8Array(entries.buffer))
  }
  table(PML4, 1, () => BigInt(PDPT) | TABLE)
  table(PDPT, GIB_MAPPED, (index) => BigInt(DIRECTORIES + index * PAGE_BYTES) | TABLE)
  table(DIRECTORIES, GIB_MAPPED * ENTRIES, (index) => BigInt(index * LARGE_PAGE_BYTES) | LARGE_PAGE)
  table(GDT, GDT_ENTRIES.length, (index) => GDT_ENTRIES[index])
}

function segments(): Record<string, bigint> {
  const values: Record<string, bigint> = {}
  for (const name of ['cs', 'ds', 'es', 'fs', 'gs', 'ss']) {
    const isCode = name === 'cs'
    const fields = {
      base: 0n,
      limit: 0xffffffffn,
      selector: isCode ? CODE_SELECTOR : DATA_SELECTOR,
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
