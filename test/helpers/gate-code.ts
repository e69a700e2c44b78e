// Programs for tests of the gate: they make their calls through a platform's gate, or lie there.

import {arch} from '../../src/arch/index.ts'
import {PAGE_SIZE} from '../../src/platform/platform.ts'
import {instructions} from './arm64-code.ts'
import {CODE_ADDRESS} from './user-code.ts'

const NOP = arch.name === 'x86_64' ? [0x90] : instructions(0xd503201f)
/** Room before the call. */
const START = 16
const TRAMPOLINE = 64
const END = START + (arch.name === 'x86_64' ? 7 : 8)

/** Where the program goes on after its call. */
export const BEHIND = CODE_ADDRESS + END

/** arch.callLoop, with its call site patched. */
export function gateLoop(gate: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE)
  for (let at = 0; at < START; at += NOP.length) page.set(NOP, at)
  page.set(arch.callLoop, START)
  const site = arch.callSites.find(page, END, arch.callLoopNumber, new Int32Array(12))!
  const place = {
    ...{at: CODE_ADDRESS + TRAMPOLINE, start: CODE_ADDRESS + site.start, behind: BEHIND},
    ...{relay: undefined, number: site.number},
  }
  const trampoline = arch.callSites.trampoline(site, place, gate)
  arch.callSites.patch(page, site, TRAMPOLINE)
  page.set(trampoline, TRAMPOLINE)
  return page
}

/** Makes a call, then counts, and all the time claims to wait for the answer to another one. */
export function liar(gate: number): readonly number[] {
  if (arch.name === 'x86_64') {
    const number = arch.callLoopNumber
    // mov $number, %eax; syscall; movl $number, %gs:8; 1: incl (%rdi); movl $1, %gs:0; jmp 1b
    return [
      ...[0xb8, number, 0, 0, 0, 0x0f, 0x05, 0x65, 0xc7, 0x04, 0x25, 8, 0, 0, 0, number, 0, 0, 0],
      ...[0xff, 0x07, 0x65, 0xc7, 0x04, 0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0xeb, 0xf0],
    ]
  }
  const frame = gate - (gate % PAGE_SIZE)
  return instructions(
    ...[0xaa0003e2, 0xd2801588, 0xd4000001], // mov x2, x0; mov x8, #172; svc #0
    ...[0x58000129, 0x5280158a, 0xb900092a], // ldr x9, frame; mov w10, #172; str w10, [x9, #8]
    ...[0xb9400041, 0x11000421, 0xb9000041], // 1: ldr w1, [x2]; add w1, w1, #1; str w1, [x2]
    ...[0x52800023, 0xb9000123, 0x17fffffb], // mov w3, #1; str w3, [x9]; b 1b
    ...[frame % 2 ** 32, Math.floor(frame / 2 ** 32)],
  )
}

/** The call number that `forger` claims. */
export const FORGED = 77

/** Stores a call in its frame, and makes another one without the gate, for ever. */
export function forger(gate: number): readonly number[] {
  if (arch.name === 'x86_64') {
    return [
      // movl $FORGED, %gs:8; movl $1, %gs:0
      ...[
        0x65,
        0xc7,
        0x04,
        0x25,
        8,
        0,
        0,
        0,
        FORGED,
        0,
        0,
        0,
        0x65,
        0xc7,
        0x04,
        0x25,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
      ],
      // mov $39, %eax; syscall; jmp to the start
      ...[0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xdf],
    ]
  }
  const frame = gate - (gate % PAGE_SIZE)
  return instructions(
    ...[0x58000109, 0x528009aa, 0xb900092a], // ldr x9, frame; mov w10, #FORGED; str w10, [x9, #8]
    ...[0x5280002a, 0xb900012a], // mov w10, #1; str w10, [x9]
    ...[0xd2801588, 0xd4000001, 0x17fffff9], // mov x8, #172; svc #0; b to the start
    ...[frame % 2 ** 32, Math.floor(frame / 2 ** 32)],
  )
}
