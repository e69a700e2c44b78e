// More programs in machine code, for several contexts at a time, and their contexts, whose registers a test can check.

import {arch} from '../../src/arch/index.ts'
import type {Context, Platform} from '../../src/platform/platform.ts'
import {instructions} from './arm64-code.ts'
import {DATA_ADDRESS} from './running-code.ts'
import {contextAt, userCode} from './user-code.ts'

export const SEED = 0x1111_2222_3333_4400n

interface ParallelCode {
  /** Stores the word `mine` of `contextOf` at DATA_ADDRESS for ever. */
  readonly storeForEver: readonly number[]
  /** System calls, with some thousand instructions between them. After a wrong answer it runs an invalid instruction. */
  readonly callAndCheck: readonly number[]
  readonly answer: number
}

const codes: Record<typeof arch.name, ParallelCode> = {
  x86_64: {
    // movq %rsi, (%rdi); jmp .-3
    storeForEver: [0x48, 0x89, 0x37, 0xeb, 0xfb],
    // movl $110, %eax; syscall; cmpl $77, %eax; jne .+13; movl $8000, %ecx; decl %ecx; jnz .-2; jmp .-21; ud2
    callAndCheck: [
      0xb8, 0x6e, 0, 0, 0, 0x0f, 0x05, 0x83, 0xf8, 0x4d, 0x75, 0x0b, 0xb9, 0x40, 0x1f, 0, 0, 0xff, 0xc9, 0x75,
      0xfc, 0xeb, 0xe9, 0x0f, 0x0b,
    ],
    answer: 77,
  },
  arm64: {
    // str x1, [x0]; b .-4
    storeForEver: instructions(0xf9000001, 0x17ffffff),
    // mov x8, #173; svc #0; cmp x0, #77; b.ne .+20; mov x1, #8000; subs x1, x1, #1; b.ne .-4; b .-28; udf #0
    callAndCheck: instructions(
      0xd28015a8,
      0xd4000001,
      0xf101341f,
      0x540000a1,
      0xd283e801,
      0xf1000421,
      0x54ffffe1,
      0x17fffff9,
      0,
    ),
    answer: 77,
  },
}

export const parallelCode: ParallelCode = codes[arch.name]

/** A context for `storeForEver`, or for `userCode.pass`: `mine` is its first byte, `other` the second. */
export function contextOf(platform: Platform, mine: number, other = 0, times = 0): Context {
  const context = contextAt(platform, SEED)
  const registers = context.readRegisters()
  registers[userCode.pointer] = BigInt(DATA_ADDRESS)
  const values = [mine, other, times]
  for (const [i, register] of userCode.passed.entries()) registers[register] = BigInt(values[i])
  context.writeRegisters(registers)
  return context
}
