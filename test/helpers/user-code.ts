// Small user-mode programs in machine code for each architecture, for tests of platforms.

import {expect} from 'vitest'
import {arch} from '../../src/arch/index.ts'
import {PAGE_SIZE, type Platform, PROT_EXEC, PROT_READ} from '../../src/platform/platform.ts'
import {instructions} from './arm64-code.ts'

export const CODE_ADDRESS = 0x10000

interface UserCode {
  /** Runs for ever without a trap. */
  readonly spin: readonly number[]
  /** Stores a byte at the address in `pointer`, then spins. */
  readonly store: readonly number[]
  readonly pointer: number
  /** Adds 1 to the 32-bit word at the address in `pointer`, for ever. */
  readonly count: readonly number[]
  /** As many times as told: waits until the byte at the address in `pointer` is the first, and makes it the second. Then a system call. */
  readonly pass: readonly number[]
  /** Its registers: the first byte, the second, how many times. */
  readonly passed: readonly [number, number, number]
  /** Registers that a system call leaves alone: all but its number, its result and those that the instruction uses. */
  readonly kept: readonly number[]
  /** Fills the vector registers in an FP state, at the width that every processor has. */
  fillVectors(state: Uint8Array, byte: number): void
  vectorsOf(state: Uint8Array): Uint8Array
}

const range = (first: number, end: number): number[] =>
  Array.from({length: end - first}, (_, index) => first + index)

const [XMM0, XMM_END, XSTATE_BV] = [160, 416, 512]
const SSE_IN_USE = 2
const VREGS_END = 512

const codes: Record<typeof arch.name, UserCode> = {
  x86_64: {
    // jmp .
    spin: [0xeb, 0xfe],
    // movb %al, (%rdi); jmp .
    store: [0x88, 0x07, 0xeb, 0xfe],
    pointer: 14,
    // incl (%rdi); jmp to the start
    count: [0xff, 0x07, 0xeb, 0xfc],
    // cmpb %sil, (%rdi); jne to it; movb %dl, (%rdi); dec %r8d; jnz to the start; syscall
    pass: [0x40, 0x38, 0x37, 0x75, 0xfb, 0x88, 0x17, 0x41, 0xff, 0xc8, 0x75, 0xf4, 0x0f, 0x05],
    passed: [13, 12, 9],
    // user_regs_struct: r15 to rbx, r10 to r8, rdx to rdi, rsp.
    kept: [...range(0, 6), ...range(7, 10), ...range(12, 15), 19],
    fillVectors(state, byte) {
      state.fill(byte, XMM0, XMM_END)
      // SDM vol. 1, 13.4.2
      state[XSTATE_BV] |= SSE_IN_USE
    },
    vectorsOf: (state) => state.slice(XMM0, XMM_END),
  },
  arm64: {
    // b .
    spin: [0, 0, 0, 0x14],
    // strb w1, [x0]; b .
    store: [0x01, 0x00, 0x00, 0x39, 0, 0, 0, 0x14],
    pointer: 0,
    // ldr w1, [x0]; add w1, w1, #1; str w1, [x0]; b to the start
    count: instructions(0xb9400001, 0x11000421, 0xb9000001, 0x17fffffd),
    // ldarb w4, [x0]; cmp w4, w1; b.ne to it; stlrb w2, [x0]; subs w3, w3, #1; b.ne to the start; svc #0
    pass: instructions(0x08dffc04, 0x6b01009f, 0x54ffffc1, 0x089ffc02, 0x71000463, 0x54ffff61, 0xd4000001),
    passed: [1, 2, 3],
    // user_pt_regs: x1 to x7, x9 to sp; the thread pointer.
    kept: [...range(1, 8), ...range(9, 32), 34],
    fillVectors: (state, byte) => void state.fill(byte, 0, VREGS_END),
    vectorsOf: (state) => state.slice(0, VREGS_END),
  },
}

export const userCode: UserCode = codes[arch.name]

/** Stores `code` in memory, for `spaceWith`. @returns where in the MemoryFile */
export function storeCode(platform: Platform, code: ArrayLike<number>): number {
  const offset = platform.memory.allocate(PAGE_SIZE)
  platform.memory.bytes.set(Uint8Array.from(code), offset)
  return offset
}

/** A space in which the code lies at CODE_ADDRESS. */
export function spaceWith(platform: Platform, codeOffset: number): ReturnType<Platform['createSpace']> {
  const space = platform.createSpace()
  space.map(CODE_ADDRESS, PAGE_SIZE, codeOffset, PROT_READ | PROT_EXEC)
  space.commit()
  return space
}

/** A context about to run the code, whose free registers hold `seed` and the numbers after it. */
export function contextAt(platform: Platform, seed: bigint): ReturnType<Platform['createContext']> {
  const context = platform.createContext()
  const registers = arch.initialRegisters(CODE_ADDRESS, 0)
  for (const register of userCode.kept) registers[register] = seed + BigInt(register)
  context.writeRegisters(registers)
  const fpState = context.readFpState()
  userCode.fillVectors(fpState, Number(seed & 0xffn))
  context.writeFpState(fpState)
  return context
}

/** Expects everything as `contextAt` left it. */
export function expectKept(context: ReturnType<Platform['createContext']>, seed: bigint): void {
  const registers = context.readRegisters()
  expect(userCode.kept.map((register) => registers[register])).toEqual(
    userCode.kept.map((register) => seed + BigInt(register)),
  )
  const vectors = userCode.vectorsOf(context.readFpState())
  expect(new Set(vectors)).toEqual(new Set([Number(seed & 0xffn)]))
}
