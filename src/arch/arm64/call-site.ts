// Call sites of arm64: `svc #0`, which a branch of the same four bytes can replace.

import type {CallSites} from '../architecture.ts'
import {PC, PSTATE} from './registers.ts'

const INSTRUCTION = 4
const SVC = 0xd4000001
const B = 0x14000000
const B_IMMEDIATE = 0x03ffffff
/** The largest immediate of SUB and ADD. */
const MOST_NUMBER = 0xfff
/** Never replaced: unwinders recognize signal frames by the code that a handler returns to. */
const RT_SIGRETURN = 139
/** getpid to gettid. */
const CACHED_CALLS = [172, 173, 174, 175, 176, 177, 178]
/** native/shim/abi.h: HV_FRAME_CACHED_GATE - HV_FRAME_GATE. */
const CACHED_BEHIND = 8
const PAGE = 4096
const X8 = 8
/** Arm ARM C5.2.19, SPSR_EL1.BTYPE, as the gate's return set it. */
const BRANCH_TYPE = 3n << 10n

// Byte offsets in a trampoline; native/arch/arm64/gate.cc and native/shim/arm64/stub.S know them too.
const AT_CHECK = 4
const AT_LOAD = 8
const AT_ADR = 20
const AT_RETURN = 28
const AT_OTHER = 36
const BEHIND_CALL = 44
const AT_BEHIND = 48
const AT_FRAME = 56
const BYTES = 64
const NOTHING = new Uint8Array()

export const callSites: CallSites = {
  reach: 2 ** 27 - 2 ** 16,
  trampolineBytes: BYTES,
  needsOneThread: true,
  find(page, end, number) {
    const start = end - INSTRUCTION
    if (start < 0 || end % INSTRUCTION !== 0 || wordsOf(page).getUint32(start, true) !== SVC) return undefined
    if (number < 0 || number > MOST_NUMBER || number === RT_SIGRETURN) return undefined
    return {start, end, number, isCached: CACHED_CALLS.includes(number), displaced: NOTHING}
  },
  patch(page, {start}, trampoline) {
    wordsOf(page).setUint32(start, branch(start, trampoline), true)
  },
  trampoline({isCached}, {at, behind, number}, gate) {
    const word = gate % PAGE
    const instructions = [
      // X8 is free once it is known to hold the number that it always holds here. Flags do not change.
      0xd1000108 | (number << 10), // sub x8, x8, #number
      0xb5000008 | ((AT_OTHER - AT_CHECK) << 3), // cbnz x8, other
      0x58000008 | ((AT_FRAME - AT_LOAD) << 3), // ldr x8, frame
      0xa9010500, // stp x0, x1, [x8, #HV_FRAME_ARGS]
      0xf9400101 | ((isCached ? word + CACHED_BEHIND : word) << 7), // ldr x1, [x8, #gate]
      0x10000000 | ((AT_RETURN - AT_ADR) << 3), // adr x0, return
      0xd61f0020, // br x1
      // return:
      0xd2800008 | (number << 5), // mov x8, #number
      branch(at + AT_RETURN + INSTRUCTION, behind),
      // other:
      0x91000108 | (number << 10), // add x8, x8, #number
      SVC,
      branch(at + BEHIND_CALL, behind),
    ]
    const bytes = new DataView(new ArrayBuffer(BYTES))
    for (const [i, instruction] of instructions.entries())
      bytes.setUint32(i * INSTRUCTION, instruction >>> 0, true)
    bytes.setBigUint64(AT_BEHIND, BigInt(behind), true)
    bytes.setBigUint64(AT_FRAME, BigInt(gate - word), true)
    return new Uint8Array(bytes.buffer)
  },
  leave(registers, {at, start, behind, number}) {
    const offset = Number(registers[PC]) - at
    const isBehind = (offset >= AT_RETURN && offset < AT_OTHER) || offset >= BEHIND_CALL
    if (offset === AT_CHECK || offset === AT_OTHER) {
      registers[X8] = BigInt.asUintN(64, registers[X8] + BigInt(number))
    } else if (offset >= AT_LOAD && offset < AT_OTHER) {
      registers[X8] = BigInt(number)
    }
    registers[PSTATE] &= ~BRANCH_TYPE
    registers[PC] = BigInt(isBehind ? behind : start)
  },
}

function wordsOf(page: Uint8Array): DataView {
  return new DataView(page.buffer, page.byteOffset, page.byteLength)
}

function branch(from: number, to: number): number {
  return (B | (((to - from) / INSTRUCTION) & B_IMMEDIATE)) >>> 0
}
