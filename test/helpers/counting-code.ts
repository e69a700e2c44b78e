// A guest that counts in memory for ever.

import {arch} from '../../src/arch/index.ts'
import {instructions, move} from './arm64-code.ts'
import type {Code} from './guest-code.ts'

const makers: Record<typeof arch.name, (address: number) => Code> = {
  // incl address; jmp .-8, in real mode
  x86_64: (address) => [0x66, 0xff, 0x06, address & 0xff, address >> 8, 0xeb, 0xf9],
  // ldr w10, [x9]; add w10, w10, #1; str w10, [x9]; b .-12
  arm64: (address) => instructions(...move(9, address), 0xb940012a, 0x1100054a, 0xb900012a, 0x17fffffd),
}

/** The count is the 32 bits at `address`. */
export const counting: (address: number) => Code = makers[arch.name]
