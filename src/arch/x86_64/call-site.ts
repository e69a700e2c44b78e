// Call sites of x86_64: `mov $number, %eax; syscall` and the like, whose first instruction a jump of the same five bytes can replace;
// at others, a jump of two bytes replaces the SYSCALL itself, and leads to a jump of five bytes in the padding near by.

import type {CallSites} from '../architecture.ts'
import {access} from './registers.ts'

const SYSCALL_BYTES = 2
const JUMP_BYTES = 5
const DISPLACED_FROM = SYSCALL_BYTES + JUMP_BYTES
/** The bytes read before the displaced instruction, to know that it is one. */
const CONTEXT_BYTES = 5

/** The first byte of two-byte opcodes, and SYSCALL's second byte. */
const ESCAPE = 0x0f
const SYSCALL = 0x05
const JMP_REL32 = 0xe9
/** mov $imm32 to EAX and to the first arguments' registers: the values with which the call was made show that it is one. */
const MOV_TO_EAX = 0xb8
const MOV_TO_ARGUMENT = [0xbf, 0xbe, 0xba]
/**
 * mov disp8(%rsp) to a 64-bit register, or from it: before glibc's cancellation points it loads the number or saves what the call would
 * destroy, in syscall(3) it loads the last argument.
 */
const MOV_STACK = {rexW: 0x48, rexR: 0x04, load: 0x8b, store: 0x89, modrm: 0x44, reg: 0x38, sib: 0x24}
const REG_RCX = 0x08
const REG_RSP = 0x20
const LEA_RCX = [0x48, 0x8d, 0x0d]
const INT32_BYTES = 4
/** getpid, getuid, getgid, geteuid, getegid, getppid, gettid. */
const CACHED_CALLS = [39, 102, 104, 107, 108, 110, 186]
/** native/shim/abi.h: HV_FRAME_CACHED_GATE - HV_FRAME_GATE. */
const CACHED_BEHIND = 8
const NOTHING = new Uint8Array()
/** jmp *%gs:disp32 */
const JMP_GS = [0x65, 0xff, 0x24, 0x25]

/** rt_sigreturn: unwinders recognize signal frames by the code that a handler returns to. */
const RT_SIGRETURN = 15
const JMP_REL8 = 0xeb
const REL8 = {least: -128, most: 127}
/**
 * nopl 0(%rax,%rax,1), with or without prefixes: the bytes after its ModRM byte may be anything, even a jump, and it still does
 * nothing.
 */
const NOP = [0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0]
const NOP_MODRM_END = 3
/**
 * Padding before a function, which is never executed: more of it than the longest run in an immediate (a division by ten has seven). The
 * first may be a real one, at the end of a function.
 */
const INT3 = 0xcc
const LEAST_INT3 = 10
const ALIGNMENT = 16
/** With an operand-size prefix, a short jump leads elsewhere on AMD's processors (APM vol. 3, JMP). */
const OPERAND_SIZE = 0x66

export const callSites: CallSites = {
  reach: 2 ** 31 - 2 ** 20,
  trampolineBytes: 32,
  needsOneThread: false,
  find(page, end, number, argumentWords) {
    const call = end - SYSCALL_BYTES
    if (page[call] !== ESCAPE || page[call + 1] !== SYSCALL) return undefined
    const start = end - DISPLACED_FROM
    const code = page.subarray(start - CONTEXT_BYTES, end)
    if (start >= CONTEXT_BYTES && canDisplace(code, number, argumentWords)) {
      const isCached = code[CONTEXT_BYTES] === MOV_TO_EAX && CACHED_CALLS.includes(number)
      return {start, end, number, isCached, displaced: page.slice(start, start + JUMP_BYTES)}
    }
    const stays = number === RT_SIGRETURN || page[call - 1] === OPERAND_SIZE
    const relay = stays ? -1 : findPadding(page, end)
    return relay < 0 ? undefined : {start: call, end, relay, number, isCached: false, displaced: NOTHING}
  },
  patch(page, {start, end, relay}, trampoline) {
    const jump = relay ?? start
    page[jump] = JMP_REL32
    page.set(bytesOf(trampoline - (jump + JUMP_BYTES)), jump + 1)
    if (relay !== undefined) page.set([JMP_REL8, relay - end], start)
  },
  trampoline({displaced, isCached}, {at, behind}, gate) {
    const lea = at + displaced.length
    return Uint8Array.of(
      ...displaced,
      ...LEA_RCX,
      ...bytesOf(behind - (lea + LEA_RCX.length + INT32_BYTES)),
      ...JMP_GS,
      ...bytesOf(isCached ? gate + CACHED_BEHIND : gate),
    )
  },
  // It repeats what the displaced instruction did.
  leave(registers, {start}) {
    access.setProgramCounter(registers, start)
  },
}

/** `code` begins before the instruction that would be displaced. */
function canDisplace(code: Uint8Array, number: number, argumentWords: Int32Array): boolean {
  const displaced = CONTEXT_BYTES
  if (isEndOfMovabs(code)) return false
  if (isMovStack(code.subarray(displaced))) return !isPrefix(code[displaced - 1])
  const value = int32At(code, displaced + 1)
  const argument = 2 * MOV_TO_ARGUMENT.indexOf(code[displaced])
  const isValue =
    code[displaced] === MOV_TO_EAX
      ? value === number
      : argument >= 0 && value === argumentWords[argument] && argumentWords[argument + 1] === 0
  return isValue && !continues(code)
}

/** @returns where five bytes are never executed, near enough to `end` for the short jump; -1: nowhere */
function findPadding(page: Uint8Array, end: number): number {
  const most = Math.min(end + REL8.most, page.length - JUMP_BYTES)
  for (let at = Math.max(end + REL8.least, NOP_MODRM_END); at <= most; at++) {
    if (isInNop(page, at) || isInt3(page, at)) return at
  }
  return -1
}

function isInNop(page: Uint8Array, at: number): boolean {
  return NOP.every((byte, i) => page[at - NOP_MODRM_END + i] === byte)
}

function isInt3(page: Uint8Array, at: number): boolean {
  const end = at + JUMP_BYTES
  if (end % ALIGNMENT !== 0) return false
  for (let i = end - LEAST_INT3; i < end; i++) if (page[i] !== INT3) return false
  return true
}

/** Opcodes with an immediate of 32 bits after a displacement of 8. */
const WITH_IMMEDIATE = [0xc7, 0x81, 0x69, 0xf7]
/** Opcodes that are followed by a ModRM byte of b8 and a displacement of 32 bits; only those that rarely end an instruction. */
const WITH_DISPLACEMENT = [
  ...[0x8a, 0x8b, 0x8d, 0x88, 0x89, 0x63, 0x84, 0x85],
  ...[0x03, 0x0b, 0x13, 0x1b, 0x23, 0x2b, 0x33, 0x39, 0x3b],
]

/** movabs, whose eight bytes of immediate end with the five bytes that are looked at. */
function isEndOfMovabs([rex, opcode]: Uint8Array): boolean {
  return (rex & 0xf8) === 0x48 && (opcode & 0xf8) === 0xb8
}

/** Whether the five bytes are the end of a longer instruction, such as one with a REX prefix (`mov $imm, %r8d`) or 66 (imm16). */
function continues(code: Uint8Array): boolean {
  const [opcodeWithSib, opcode, before] = code.subarray(CONTEXT_BYTES - 3)
  // ModRM with a SIB byte and a displacement of 32 bits; a two-byte opcode other than SYSCALL.
  if ((before & 0xc7) === 0x84 || (opcode === ESCAPE && before !== SYSCALL)) return true
  if ((before & 0xf0) === 0x40 || (isPrefix(before) && !isIdle(before)) || WITH_DISPLACEMENT.includes(before))
    return true
  return WITH_IMMEDIATE.includes(opcode) || (WITH_IMMEDIATE.includes(opcodeWithSib) && (opcode & 7) === 4)
}

function isMovStack([rex, opcode, modrm, sib]: Uint8Array): boolean {
  const mov = MOV_STACK
  const isLoad = opcode === mov.load
  // It is done twice if the program has to leave the trampoline: not possible with RSP, nor with the old RCX.
  if (rex === mov.rexW && (modrm & mov.reg) === (isLoad ? REG_RSP : REG_RCX)) return false
  return (
    (rex & ~mov.rexR) === mov.rexW &&
    (isLoad || opcode === mov.store) &&
    (modrm & ~mov.reg) === mov.modrm &&
    sib === mov.sib
  )
}

function isPrefix(byte: number): boolean {
  return (byte >= 0x64 && byte <= 0x67) || isIdle(byte) || byte === 0xf0 || byte === 0xf2 || byte === 0xf3
}

/** Prefixes CS, DS, ES and SS: no effect on instructions without memory operands, such as the jump. Usually such a byte ends a jump. */
function isIdle(byte: number): boolean {
  return (byte & 0xe7) === 0x26
}

function int32At(code: Uint8Array, offset: number): number {
  return new DataView(code.buffer, code.byteOffset).getInt32(offset, true)
}

function bytesOf(int32: number): Uint8Array {
  return new Uint8Array(Int32Array.of(int32).buffer)
}
