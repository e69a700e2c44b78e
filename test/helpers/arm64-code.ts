// Guests for arm64, at EL1 with the machine's tables: MMU and caches on, as real boards need it.

import {boot, MEMORY_BASE} from '../../src/machine/arm64/boot.ts'
import type {Code, GuestCode} from './guest-code.ts'

/** A device as far as the tables know; the machine has neither memory nor a device there. */
export const NOWHERE = 0x0a000000
const TELLS = NOWHERE + 0x1000
const ADDRESS = 9
const VALUE = 10

/** Instructions, little-endian. */
export const instructions = (...words: number[]): Code => [...new Uint8Array(Uint32Array.from(words).buffer)]

/** movz, movk: a register gets 32 bits. */
export const move = (register: number, value: number): number[] => [
  0x52800000 | ((value & 0xffff) << 5) | register,
  0x72a00000 | ((value >>> 16) << 5) | register,
]

/** str wzr, [x9] */
const storeZero = (address: number): Code => instructions(...move(ADDRESS, address), 0xb900013f)

/** b */
const repeat = (code: Code): Code => [
  ...code,
  ...instructions(0x14000000 | ((-code.length / 4) & 0x03ffffff)),
]

export const arm64: GuestCode = {
  memoryBase: MEMORY_BASE,
  at: MEMORY_BASE + 0x10000,
  programCounter: 'pc',
  general: ['x0', 'x1'],
  start(vm, address, code, registers) {
    vm.memory.write(address, Uint8Array.from(code))
    const vcpu = vm.createVcpu()
    boot(vm, vcpu, {entry: address, stack: MEMORY_BASE + vm.memory.size, args: [0, 0, 0]})
    vcpu.registers.set(registers)
    return vcpu
  },
  stop: storeZero(NOWHERE),
  stopKind: 'mmio',
  spin: repeat([]),
  repeat,
  nop: instructions(0xd503201f),
  // brk #0
  trap: instructions(0xd4200000),
  tell: (number) => storeZero(TELLS + 4 * number),
  numberOf: (exit) => (exit.kind === 'mmio' ? (exit.address - TELLS) / 4 : Number.NaN),
  // ldrb w10, [x9]; cbz w10, .-4
  await: (address) => instructions(...move(ADDRESS, address), 0x3940012a, 0x34ffffea),
  // ldrb w10, [x9]; add w10, w10, #1; strb w10, [x9]
  increment: (address) => instructions(...move(ADDRESS, address), 0x3940012a, 0x1100054a, 0x3900012a),
  // strb w10, [x9]
  store: (address, byte) => instructions(...move(ADDRESS, address), ...move(VALUE, byte), 0x3900012a),
  // ldrb w10, [x9]
  load: (address) => instructions(...move(ADDRESS, address), 0x3940012a),
}
