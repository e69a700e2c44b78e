// Where an arm64 instruction leads, which a breakpoint at the end of a step must know.

import {expect, test} from 'vitest'
import {debug} from '../../../src/arch/arm64/debug.ts'
import {PC, PSTATE, REGISTER_COUNT} from '../../../src/arch/arm64/registers.ts'

const AT = 0x10000
const NEXT = AT + 4
const Z = 1n << 30n
const N = 1n << 31n

function step(word: number, set: (registers: BigUint64Array) => void = () => {}): unknown {
  const registers = new BigUint64Array(REGISTER_COUNT)
  registers[PC] = BigInt(AT)
  set(registers)
  return debug.stepOf(registers, new Uint8Array(Uint32Array.of(word).buffer))
}

const pstate = (value: bigint) => (registers: BigUint64Array) => {
  registers[PSTATE] = value
}
const register = (index: number, value: bigint) => (registers: BigUint64Array) => {
  registers[index] = value
}

test.each([
  ['svc #0', 0xd4000001, undefined, 'call'],
  ['nop', 0xd503201f, undefined, NEXT],
  ['brk #0', 0xd4200000, undefined, NEXT],
  ['b .+8', 0x14000002, undefined, AT + 8],
  ['b .-4', 0x17ffffff, undefined, AT - 4],
  ['b .', 0x14000000, undefined, AT],
  ['bl .+0x1000', 0x94000400, undefined, AT + 0x1000],
  ['b.eq .+8, equal', 0x54000040, pstate(Z), AT + 8],
  ['b.eq .+8, not', 0x54000040, undefined, NEXT],
  ['b.ne .+8, equal', 0x54000041, pstate(Z), NEXT],
  ['b.lt .-8, less', 0x54ffffcb, pstate(N), AT - 8],
  ['b.gt .+8, less', 0x5400004c, pstate(N), NEXT],
  ['b.al .+8', 0x5400004e, undefined, AT + 8],
  ['cbz x1, .+16, zero', 0xb4000081, undefined, AT + 16],
  ['cbz x1, .+16, not', 0xb4000081, register(1, 1n << 40n), NEXT],
  ['cbz w1, .+16, zero below', 0x34000081, register(1, 1n << 40n), AT + 16],
  ['cbnz x1, .+16, not zero', 0xb5000081, register(1, 1n), AT + 16],
  ['tbz x2, #40, .+8, clear', 0xb6400042, undefined, AT + 8],
  ['tbz x2, #40, .+8, set', 0xb6400042, register(2, 1n << 40n), NEXT],
  ['tbnz w2, #3, .-8, set', 0x371fffc2, register(2, 8n), AT - 8],
  ['br x5', 0xd61f00a0, register(5, 0x4000n), 0x4000],
  ['blr x5', 0xd63f00a0, register(5, 0x4000n), 0x4000],
  ['ret', 0xd65f03c0, register(30, 0x5000n), 0x5000],
  ['ret x7', 0xd65f00e0, register(7, 0x6000n), 0x6000],
])('%s', (_, word, set, to) => expect(step(word, set)).toBe(to))
