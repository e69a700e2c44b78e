// The state in which a bare-metal guest starts on arm64: EL1 (or EL2, if it asks for that), MMU and caches on, everything
// below 4 GiB mapped to itself.

import {startEl1, startEl2} from '../../vm/start-el.ts'
import type {Vcpu} from '../../vm/vcpu.ts'
import type {Vm} from '../../vm/vm.ts'
import {FAULT_REPORT} from '../devices/fault-report.ts'
import {type FlatPlaces, GUEST_START, LINK_AT, type StartOfGuest} from '../machine.ts'

export const MEMORY_BASE = 0x40000000

export const flatPlaces: FlatPlaces = {
  el1: {usual: MEMORY_BASE + LINK_AT, first: MEMORY_BASE + GUEST_START},
  el2: {usual: MEMORY_BASE + LINK_AT, first: MEMORY_BASE + GUEST_START},
}

// Below ARGUMENTS.
const TABLES = MEMORY_BASE + 0x1000
const VECTORS = MEMORY_BASE + 0x2000

const VECTOR_COUNT = 16
const VECTOR_BYTES = 0x80

export function boot(vm: Vm, vcpu: Vcpu, {entry, stack, args}: StartOfGuest): void {
  writeVectors(vm)
  const start = vm.hasEl2 ? startEl2 : startEl1
  start(vm, vcpu, {entry, stack, tables: TABLES, vectors: VECTORS})
  const [x0, x1, x2] = args.map(BigInt)
  vcpu.registers.set({x0, x1, x2})
}

/** Until the guest has its own vectors, each of these reports to the machine: movz x0, #…, lsl #16; str w0, [x0]; b . */
function writeVectors(vm: Vm): void {
  const movz = 0xd2a00000 | ((FAULT_REPORT >>> 16) << 5)
  const code = Uint32Array.of(movz, 0xb9000000, 0x14000000)
  for (let i = 0; i < VECTOR_COUNT; i++) {
    vm.memory.write(VECTORS + i * VECTOR_BYTES, new Uint8Array(code.buffer))
  }
}
