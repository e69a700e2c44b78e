// Where arm64 keeps what the sentry asks for: the kernel's user_pt_regs (asm/ptrace.h), followed by TPIDR_EL0.

import {accessOf} from '../register-access.ts'

/** regs[31]: x0 to x30. */
export const X0 = 0
/** The frame pointer and the link register. */
export const X29 = 29
export const X30 = 30
export const GENERAL_REGISTERS = 31
export const SP = 31
export const PC = 32
export const PSTATE = 33
/** The thread pointer: the program sets it itself. */
export const TPIDR = 34
export const REGISTER_COUNT = 35

/** Bytes of the SVC instruction. */
const SVC_BYTES = 4n

export const access = accessOf({stackPointer: SP, threadPointer: TPIDR, programCounter: PC, callResult: X0})

/** x8 still holds the number; the result has replaced the first argument. */
export function undoCall(registers: BigUint64Array, _callNumber: number, firstArgument: bigint): void {
  registers[X0] = BigInt.asUintN(64, firstArgument)
}

export function restartCall(registers: BigUint64Array, callNumber: number, firstArgument: bigint): void {
  undoCall(registers, callNumber, firstArgument)
  registers[PC] = BigInt.asUintN(64, registers[PC] - SVC_BYTES)
}

/** PSTATE 0: AArch64, EL0, interrupts unmasked (Arm ARM C5.2.19, SPSR_EL1). */
export function initialRegisters(start: number, stackPointer: number): BigUint64Array {
  const registers = new BigUint64Array(REGISTER_COUNT)
  registers[PC] = BigInt(start)
  registers[SP] = BigInt(stackPointer)
  return registers
}
