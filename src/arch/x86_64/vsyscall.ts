// The vsyscall page, where a jump is a call: old programs call time(2) that way. As on Linux by default, it is executable only
// ("xonly"): arch/x86/entry/vsyscall/vsyscall_64.c.

import {SIGSEGV} from '../../abi/signal.ts'
import type {VsyscallCall, VsyscallPage} from '../architecture.ts'
import {type Fault, plainFault} from '../fault.ts'
import {RAX, RDI, RIP, RSI, RSP} from './registers.ts'

const START = 0xffff_ffff_ff60_0000n
const END = START + 4096n
const ENTRY_BYTES = 1024n
const NOT_A_CALL_YET = -38n

/** Calls in the order of their entries: the number, and how many arguments are pointers. */
const CALLS: ReadonlyArray<readonly [number: number, pointers: number]> = [
  [96, 2], // gettimeofday
  [201, 1], // time
  [309, 2], // getcpu
]

/** USER_PTR_MAX: access_ok checks only the first byte of small structures. */
const USER_END = 0x7fff_ffff_f000n
const SEGV_MAPERR = 1
const PAGE_FAULT = 14
/** From user mode, a write. */
const WRITE_ERROR = 6

export const vsyscall: VsyscallPage = {
  mapsLine: `${START.toString(16)}-${END.toString(16)} --xp 00000000 00:00 0                  [vsyscall]\n`,
  holds: (registers) => registers[RIP] >= START && registers[RIP] < END,
  callAt,
  leave(registers, returnAddress, result) {
    registers[RAX] = BigInt.asUintN(64, BigInt(result))
    registers[RIP] = returnAddress
    registers[RSP] += 8n
  },
}

function callAt(registers: BigUint64Array): VsyscallCall | undefined {
  const offset = registers[RIP] - START
  const entry = CALLS[Number(offset / ENTRY_BYTES)]
  if (offset % ENTRY_BYTES !== 0n || entry === undefined) return undefined
  const [number, pointers] = entry
  const words = BigUint64Array.of(registers[RDI], registers[RSI], 0n, 0n, 0n, 0n)
  const bad = words.subarray(0, pointers).findIndex((word) => word >= USER_END)
  if (bad >= 0) return {number, words: new Int32Array(words.buffer), fault: writeFault(words[bad])}
  registers[RAX] = BigInt.asUintN(64, NOT_A_CALL_YET)
  return {number, words: new Int32Array(words.buffer)}
}

function writeFault(address: bigint): Fault {
  const fault = plainFault(SIGSEGV, SEGV_MAPERR, Number(BigInt.asIntN(64, address)), PAGE_FAULT, WRITE_ERROR)
  return {...fault, exactAddress: address, recordedAddress: address}
}
