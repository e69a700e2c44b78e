// Where arm64 keeps what the sentry asks for: the kernel's user_pt_regs (asm/ptrace.h), followed by TPIDR_EL0.

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

export function stackPointer(registers: BigUint64Array): number {
  return Number(registers[SP])
}

export function setStackPointer(registers: BigUint64Array, address: number): void {
  registers[SP] = BigInt(address)
}

export function setThreadPointer(registers: BigUint64Array, address: number): void {
  registers[TPIDR] = BigInt(address)
}

export function programCounter(registers: BigUint64Array): number {
  return Number(registers[PC])
}

export function setProgramCounter(registers: BigUint64Array, address: number): void {
  registers[PC] = BigInt(address)
}

export function setCallResult(registers: BigUint64Array, result: number): void {
  registers[X0] = BigInt.asUintN(64, BigInt(result))
}

export function callResult(registers: BigUint64Array): bigint {
  return BigInt.asIntN(64, registers[X0])
}

/** x8 still holds the number; the result has replaced the first argument. */
export function restartCall(registers: BigUint64Array, _callNumber: number, firstArgument: bigint): void {
  registers[X0] = BigInt.asUintN(64, firstArgument)
  registers[PC] = BigInt.asUintN(64, registers[PC] - SVC_BYTES)
}

/** PSTATE 0: AArch64, EL0, interrupts unmasked (Arm ARM C5.2.19, SPSR_EL1). */
export function initialRegisters(start: number, stackPointer: number): BigUint64Array {
  const registers = new BigUint64Array(REGISTER_COUNT)
  registers[PC] = BigInt(start)
  registers[SP] = BigInt(stackPointer)
  return registers
}
