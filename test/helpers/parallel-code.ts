// Small programs in machine code for several contexts at a time, on each architecture.

import {arch} from '../../src/arch/index.ts'

interface ParallelCode {
  /**
   * `count` times: waits until the byte at `pointer` is `mine`, and makes it `other`. Then a system call.
   */
  readonly handOver: readonly number[]
  /** Stores the word `mine` at `pointer` for ever. */
  readonly storeForEver: readonly number[]
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
    pointer: 0,
    mine: 1,
    other: 2,
    count: 3,
  },
}

export const parallelCode: ParallelCode = codes[arch.name]
