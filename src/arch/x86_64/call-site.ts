// Call sites of x86_64: `mov $number, %eax; syscall` and the like, whose first instruction a jump of the same five bytes can stand in for.

import type {CallSites} from '../architecture.ts'

const SYSCALL_BYTES = 2
const JUMP_BYTES = 5
const DISPLACED_FROM = SYSCALL_BYTES + JUMP_BYTES
/** What is read in front of the displaced instruction, to know that it is one. */
const CONTEXT_BYTES = 5

/** The first byte of opcodes of two, and SYSCALL's second. */
const ESCAPE = 0x0f
const SYSCALL = 0x05
const JMP_REL32 = 0xe9
/** mov $imm32 to EAX and to the first arguments' registers: what the call was made with tells that it is one. */
const MOV_TO_EAX = 0xb8
const MOV_TO_ARGUMENT = [0xbf, 0xbe, 0xba]
/**
 * mov disp8(%rsp) to a register of 64 bits, or from it: in front of glibc's cancellation points it is the number or what the call would
 * lose, in syscall(3) the last argument.
 */
const MOV_STACK = {rexW: 0x48, rexR: 0x04, load: 0x8b, store: 0x89, modrm: 0x44, reg: 0x38, sib: 0x24}
const REG_RCX = 0x08
const REG_RSP = 0x20
const LEA_RCX = [0x48, 0x8d, 0x0d]
const INT32_BYTES = 4
const BEHIND_LEA = JUMP_BYTES + LEA_RCX.length + INT32_BYTES
/** getpid, getuid, getgid, geteuid, getegid, getppid, gettid. */
const KNOWN_CALLS = [39, 102, 104, 107, 108, 110, 186]
/** native/shim/abi.h: HV_FRAME_KNOWN_GATE - HV_FRAME_GATE. */
const KNOWN_BEHIND = 8
/** jmp *%gs:disp32 */
const JMP_GS = [0x65, 0xff, 0x24, 0x25]

export const callSites: CallSites = {
  bytes: DISPLACED_FROM + CONTEXT_BYTES,
  reach: 2 ** 31 - 2 ** 20,
  trampolineBytes: 32,
  canPatch(code, number, argumentWords) {
    const displaced = CONTEXT_BYTES
    if (code[displaced + JUMP_BYTES] !== ESCAPE || code[displaced + JUMP_BYTES + 1] !== SYSCALL) return false
    if (isEndOfMovabs(code)) return false
    if (isMovStack(code.subarray(displaced))) return !isPrefix(code[displaced - 1])
    const value = int32At(code, displaced + 1)
    const argument = 2 * MOV_TO_ARGUMENT.indexOf(code[displaced])
    const isValue =
      code[displaced] === MOV_TO_EAX
        ? value === number
        : argument >= 0 && value === argumentWords[argument] && argumentWords[argument + 1] === 0
    return isValue && !continues(code)
  },
  isKnown,
  jumpOffset: -DISPLACED_FROM,
  jump(from, to) {
    return Uint8Array.of(JMP_REL32, ...bytesOf(to - (from + JUMP_BYTES)))
  },
  trampoline(code, at, returnTo, gate) {
    const displaced = code.subarray(CONTEXT_BYTES, CONTEXT_BYTES + JUMP_BYTES)
    return Uint8Array.of(
      ...displaced,
      ...LEA_RCX,
      ...bytesOf(returnTo - (at + BEHIND_LEA)),
      ...JMP_GS,
      ...bytesOf(isKnown(code) ? gate + KNOWN_BEHIND : gate),
    )
  },
  returnOf(trampoline, at) {
    if (!LEA_RCX.every((byte, i) => trampoline[JUMP_BYTES + i] === byte)) return undefined
    return at + BEHIND_LEA + int32At(trampoline, BEHIND_LEA - INT32_BYTES)
  },
}

function isKnown(code: Uint8Array): boolean {
  return code[CONTEXT_BYTES] === MOV_TO_EAX && KNOWN_CALLS.includes(int32At(code, CONTEXT_BYTES + 1))
}

/** Opcodes with an immediate of 32 bits, which a displacement of 8 is in front of. */
const WITH_IMMEDIATE = [0xc7, 0x81, 0x69, 0xf7]
/** Opcodes that a ModRM byte b8, and a displacement of 32 bits, are the rest of; those that are no usual end of an instruction. */
const WITH_DISPLACEMENT = [
  ...[0x8a, 0x8b, 0x8d, 0x88, 0x89, 0x63, 0x84, 0x85],
  ...[0x03, 0x0b, 0x13, 0x1b, 0x23, 0x2b, 0x33, 0x39, 0x3b],
]

/** movabs, whose eight bytes of immediate end where the five that are looked at do. */
function isEndOfMovabs([rex, opcode]: Uint8Array): boolean {
  return (rex & 0xf8) === 0x48 && (opcode & 0xf8) === 0xb8
}

/** Are the five bytes the end of a longer instruction? Of one with a REX prefix (`mov $imm, %r8d`) or 66 (imm16), too. */
function continues(code: Uint8Array): boolean {
  const [opcodeWithSib, opcode, before] = code.subarray(CONTEXT_BYTES - 3)
  // ModRM with a SIB byte and a displacement of 32 bits; an opcode of two bytes, but SYSCALL.
  if ((before & 0xc7) === 0x84 || (opcode === ESCAPE && before !== SYSCALL)) return true
  if ((before & 0xf0) === 0x40 || (isPrefix(before) && !isIdle(before)) || WITH_DISPLACEMENT.includes(before))
    return true
  return WITH_IMMEDIATE.includes(opcode) || (WITH_IMMEDIATE.includes(opcodeWithSib) && (opcode & 7) === 4)
}

function isMovStack([rex, opcode, modrm, sib]: Uint8Array): boolean {
  const mov = MOV_STACK
  const isLoad = opcode === mov.load
  // It is done twice if the program has to leave the trampoline: that does not go with RSP, nor with what RCX was.
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

/** Prefixes of CS, DS, ES and SS: without effect on what takes no memory, the jump too. As a rule, they are the end of a jump of their own. */
function isIdle(byte: number): boolean {
  return (byte & 0xe7) === 0x26
}

function int32At(code: Uint8Array, offset: number): number {
  return new DataView(code.buffer, code.byteOffset).getInt32(offset, true)
}

function bytesOf(int32: number): Uint8Array {
  return new Uint8Array(Int32Array.of(int32).buffer)
}
