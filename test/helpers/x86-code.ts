// Guests for x86_64, in real mode: everything lies in the first 64 KiB.

import type {Code, GuestCode} from './guest-code.ts'

const word = (value: number): Code => [value & 0xff, value >> 8]

/** jmp */
const repeat = (code: Code): Code => [...code, 0xeb, 0xfe - code.length]

export const x86_64: GuestCode = {
  memoryBase: 0,
  at: 0x1000,
  programCounter: 'rip',
  general: ['rax', 'rbx'],
  start(vm, address, code, registers) {
    vm.memory.write(address, Uint8Array.from(code))
    const vcpu = vm.createVcpu()
    const start = {'cs.base': 0n, 'cs.selector': 0n, rip: BigInt(address), rflags: 2n}
    vcpu.registers.set({...start, ...registers})
    return vcpu
  },
  // hlt
  stop: [0xf4],
  stopKind: 'halt',
  spin: repeat([]),
  repeat,
  nop: [0x90],
  // int3
  trap: [0xcc],
  // out %al, $number
  tell: (number) => [0xe6, number],
  numberOf: (exit) => (exit.kind === 'io' ? exit.port : Number.NaN),
  // cmpb $0, address; je .-5
  await: (address) => [0x80, 0x3e, ...word(address), 0, 0x74, 0xf9],
  // incb address
  increment: (address) => [0xfe, 0x06, ...word(address)],
  // movb $byte, address
  store: (address, byte) => [0xc6, 0x06, ...word(address), byte],
  // mov address, %al
  load: (address) => [0xa0, ...word(address)],
}
