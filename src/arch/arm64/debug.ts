// arm64's part of debugging: BRK, steps with breakpoints, and where its registers are in user_pt_regs and user_fpsimd_state.

import {NT_PRFPREG} from '../../abi/elf.ts'
import {
  bytesOf,
  type CoreNote,
  type DebugState,
  type DebugSupport,
  fpBytes,
  generalRegister,
  numbered,
  RESTARTS,
} from '../debug.ts'
import {GENERAL_REGISTERS, PC, PSTATE, SP, TPIDR, X0, X30} from './registers.ts'

const VECTORS = 32
const VECTOR_BYTES = 16
const FPSR = VECTORS * VECTOR_BYTES
const FPCR = FPSR + 4
const INSTRUCTION_BYTES = 4
const REGISTER_31 = 31

const NT_ARM_TLS = 0x401

export const debug: DebugSupport = {
  // BRK #0.
  breakpoint: Uint8Array.of(0, 0, 0x20, 0xd4),
  behindBreakpoint: 0,
  registers: {
    ...numbered('x', GENERAL_REGISTERS, generalRegister),
    sp: generalRegister(SP),
    pc: generalRegister(PC),
    cpsr: generalRegister(PSTATE),
    ...numbered('v', VECTORS, (i) => fpBytes(VECTOR_BYTES * i, VECTOR_BYTES)),
    fpsr: fpBytes(FPSR, 4),
    fpcr: fpBytes(FPCR, 4),
    tpidr: generalRegister(TPIDR),
  },
  hasWideVectors: () => false,
  showSleeper(registers) {
    registers[X0] = RESTARTS
  },
  isShownSleeper: (registers) => registers[X0] === RESTARTS,
  showCall(registers, _callNumber, firstArgument) {
    registers[X0] = firstArgument
  },
  stepOf(registers, code) {
    if (code.length < INSTRUCTION_BYTES) return 'call'
    const word = code[0] | (code[1] << 8) | (code[2] << 16) | (code[3] << 24)
    return nextInstruction(registers, word)
  },
  setTrapFlag() {},
  hasTrapFlag: () => false,
  coreRegisters: (registers) => bytesOf(registers.slice(0, TPIDR)),
  coreNotes,
}

function coreNotes({general, fp}: DebugState): CoreNote[] {
  return [
    {owner: 'CORE', type: NT_PRFPREG, bytes: fp.slice()},
    {owner: 'LINUX', type: NT_ARM_TLS, bytes: bytesOf(general.slice(TPIDR, TPIDR + 1))},
  ]
}

/**
 * Where an instruction leads: EL0 cannot step by itself (MDSCR_EL1.SS is EL1's), so a breakpoint there ends a step. Arm ARM C4.1.93.
 * @param registers as in user_pt_regs, before the instruction
 * @returns the next instruction's address, or `call` for SVC, which traps
 */
function nextInstruction(registers: BigUint64Array, instruction: number): number | 'call' {
  const pc = registers[PC]
  const follows = pc + BigInt(INSTRUCTION_BYTES)
  const word = instruction >>> 0
  if ((word & 0xffe0001f) >>> 0 === 0xd4000001) return 'call'
  // B, BL.
  if ((word & 0x7c000000) === 0x14000000) return address(pc + offset(word, 0, 26))
  // B.cond, BC.cond.
  if ((word & 0xff000000) >>> 0 === 0x54000000)
    return address(holds(registers[PSTATE], word & 0xf) ? pc + offset(word, 5, 19) : follows)
  // CBZ, CBNZ.
  if ((word & 0x7e000000) === 0x34000000) {
    const value = read(registers, word & 0x1f) & (word & 0x80000000 ? ~0n : 0xffff_ffffn)
    const isTaken = (value === 0n) === ((word & 0x01000000) === 0)
    return address(isTaken ? pc + offset(word, 5, 19) : follows)
  }
  // TBZ, TBNZ.
  if ((word & 0x7e000000) === 0x36000000) {
    const bit = ((word >>> 26) & 0x20) | ((word >>> 19) & 0x1f)
    const isSet = (read(registers, word & 0x1f) >> BigInt(bit)) & 1n
    const isTaken = isSet === (word & 0x01000000 ? 1n : 0n)
    return address(isTaken ? pc + offset(word, 5, 14) : follows)
  }
  // BR, BLR, RET; RETAA, which names no register.
  if ((word & 0xff9f0000) >>> 0 === 0xd61f0000) {
    const index = (word >>> 5) & 0x1f
    return address(registers[index === REGISTER_31 ? X30 : index])
  }
  return address(follows)
}

function read(registers: BigUint64Array, index: number): bigint {
  return index === REGISTER_31 ? 0n : registers[index]
}

/** A field of `bits` bits from bit `from` on: signed, in words. */
function offset(word: number, from: number, bits: number): bigint {
  return BigInt.asIntN(bits, BigInt((word >>> from) & (2 ** bits - 1))) * BigInt(INSTRUCTION_BYTES)
}

/** ConditionHolds: Arm ARM C1.2.4. */
function holds(pstate: bigint, condition: number): boolean {
  const [n, z, c, v] = [31n, 30n, 29n, 28n].map((bit) => ((pstate >> bit) & 1n) === 1n)
  const result = [z, c, n, v, c && !z, n === v, n === v && !z, true][condition >>> 1]
  return condition & 1 && condition !== 15 ? !result : result
}

/** An address that no number holds leads nowhere; going there is a fault of the program, not of the step. */
function address(value: bigint): number {
  return Number(BigInt.asUintN(64, value))
}
