// A guest that increments the first byte of each of many pages, once, and stops. Its memory is larger than guest-code.ts's.

import {addon} from '../../src/addon.ts'
import {arch} from '../../src/arch/index.ts'
import {startLongMode} from '../../src/vm/start-long-mode.ts'
import type {Vcpu} from '../../src/vm/vcpu.ts'
import type {Vm} from '../../src/vm/vm.ts'
import {instructions} from './arm64-code.ts'
import {type Code, guest} from './guest-code.ts'

/** Below it lie code and tables. */
export const WALKED = guest.memoryBase + 2 ** 20

const CODE: Code = {
  // incb (%rdi); add %rsi, %rdi; dec %rcx; jnz .-10; hlt
  x86_64: [0xfe, 0x07, 0x48, 0x01, 0xf7, 0x48, 0xff, 0xc9, 0x75, 0xf6, 0xf4],
  // ldrb w3, [x0]; add w3, w3, #1; strb w3, [x0]; add x0, x0, x1; subs x2, x2, #1; b.ne .-20
  arm64: [
    ...instructions(0x39400003, 0x11000463, 0x39000003, 0x8b010000, 0xf1000442, 0x54ffff61),
    ...guest.stop,
  ],
}[arch.name]

/** A vCPU that is about to do so. */
export function pageWalk(vm: Vm, address: number, pages: number): Vcpu {
  const vcpu = guest.start(vm, guest.at + 0x8000, CODE, {})
  aim(vm, vcpu, address, pages)
  return vcpu
}

/** The same once more. */
export function aim(vm: Vm, vcpu: Vcpu, address: number, pages: number): void {
  const [from, step, count] = [address, addon.pageBytes, pages].map(BigInt)
  const entry = guest.at + 0x8000
  if (arch.name === 'arm64') vcpu.registers.set({pc: BigInt(entry), x0: from, x1: step, x2: count})
  else {
    startLongMode(vm, vcpu, {entry, stack: guest.at})
    vcpu.registers.set({rdi: from, rsi: step, rcx: count})
  }
}
