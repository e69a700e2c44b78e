// Small programs in machine code for several contexts at a time, on each architecture.

import {arch} from '../../src/arch/index.ts'
import {
  type AddressSpace,
  type Context,
  PAGE_SIZE,
  type Platform,
  PROT_READ,
  PROT_WRITE,
} from '../../src/platform/platform.ts'
import {contextAt, spaceWith, storeCode} from './user-code.ts'

export const DATA_ADDRESS = 0x20000
export const SEED = 0x1111_2222_3333_4400n

interface ParallelCode {
  /**
   * `count` times: waits until the byte at `pointer` is `mine`, and makes it `other`. Then a system call.
   */
  readonly handOver: readonly number[]
  /** Stores the word `mine` at `pointer` for ever. */
  readonly storeForEver: readonly number[]
  /** System calls, with some thousand instructions between them. An answer that is not `answer` is followed by an invalid instruction. */
  readonly callAndCheck: readonly number[]
  readonly answer: number
  /** Registers, as indices of Context.readRegisters. */
  readonly pointer: number
  readonly mine: number
  readonly other: number
  readonly count: number
}

const words = (...instructions: number[]): number[] => [
  ...new Uint8Array(Uint32Array.from(instructions).buffer),
]

const codes: Record<typeof arch.name, ParallelCode> = {
  x86_64: {
    // movb (%rdi), %al; cmpb %sil, %al; jne .-5; movb %dl, (%rdi); decq %rcx; jnz .-12; syscall
    handOver: [
      0x8a, 0x07, 0x40, 0x38, 0xf0, 0x75, 0xf9, 0x88, 0x17, 0x48, 0xff, 0xc9, 0x75, 0xf2, 0x0f, 0x05,
    ],
    // movq %rsi, (%rdi); jmp .-3
    storeForEver: [0x48, 0x89, 0x37, 0xeb, 0xfb],
    // movl $110, %eax; syscall; cmpl $77, %eax; jne .+13; movl $8000, %ecx; decl %ecx; jnz .-2; jmp .-21; ud2
    callAndCheck: [
      0xb8, 0x6e, 0, 0, 0, 0x0f, 0x05, 0x83, 0xf8, 0x4d, 0x75, 0x0b, 0xb9, 0x40, 0x1f, 0, 0, 0xff, 0xc9, 0x75,
      0xfc, 0xeb, 0xe9, 0x0f, 0x0b,
    ],
    answer: 77,
    pointer: 14,
    mine: 13,
    other: 12,
    count: 11,
  },
  arm64: {
    // ldrb w4, [x0]; cmp w4, w1; b.ne .-8; strb w2, [x0]; subs x3, x3, #1; b.ne .-20; svc #0
    handOver: words(0x39400004, 0x6b01009f, 0x54ffffc1, 0x39000002, 0xf1000463, 0x54ffff61, 0xd4000001),
    // str x1, [x0]; b .-4
    storeForEver: words(0xf9000001, 0x17ffffff),
    // mov x8, #173; svc #0; cmp x0, #77; b.ne .+20; mov x1, #8000; subs x1, x1, #1; b.ne .-4; b .-28; udf #0
    callAndCheck: words(
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
    pointer: 0,
    mine: 1,
    other: 2,
    count: 3,
  },
}

export const parallelCode: ParallelCode = codes[arch.name]

/** Registers of `parallelCode`. */
export function contextOf(platform: Platform, mine: number, other = 0, count = 0): Context {
  const context = contextAt(platform, SEED)
  const registers = context.readRegisters()
  registers[parallelCode.pointer] = BigInt(DATA_ADDRESS)
  registers[parallelCode.mine] = BigInt(mine)
  registers[parallelCode.other] = BigInt(other)
  registers[parallelCode.count] = BigInt(count)
  context.writeRegisters(registers)
  return context
}

/** A space with `code` and a page of data. @returns where that is in the MemoryFile */
export function sharing(platform: Platform, code: readonly number[]): [AddressSpace, number] {
  const space = spaceWith(platform, storeCode(platform, code))
  const data = platform.memory.allocate(PAGE_SIZE)
  space.map(DATA_ADDRESS, PAGE_SIZE, data, PROT_READ | PROT_WRITE)
  space.commit()
  return [space, data]
}
