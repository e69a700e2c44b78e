// Where x86_64 keeps what the sentry asks for, in the kernel's user_regs_struct (sys/user.h).

import {accessOf} from '../register-access.ts'

export const R15 = 0
export const R14 = 1
export const R13 = 2
export const R12 = 3
export const RBP = 4
export const RBX = 5
export const R11 = 6
export const R10 = 7
export const R9 = 8
export const R8 = 9
export const RAX = 10
export const RCX = 11
export const RDX = 12
export const RSI = 13
export const RDI = 14
export const ORIG_RAX = 15
export const RIP = 16
export const CS = 17
export const EFLAGS = 18
export const RSP = 19
export const SS = 20
export const FS_BASE = 21
export const GS_BASE = 22
export const DS = 23
export const ES = 24
export const FS = 25
export const GS = 26
export const REGISTER_COUNT = 27

/** Selectors of user code and data: __USER_CS and __USER_DS. */
export const USER_CS = 0x33n
export const USER_DS = 0x2bn

/** Bytes of the SYSCALL instruction. */
const SYSCALL_BYTES = 2n

export const access = accessOf({
  stackPointer: RSP,
  threadPointer: FS_BASE,
  programCounter: RIP,
  callResult: RAX,
})

/** The arguments are unchanged; the result has replaced the number. */
export function undoCall(registers: BigUint64Array, callNumber: number): void {
  registers[RAX] = BigInt.asUintN(64, BigInt(callNumber))
}

export function restartCall(registers: BigUint64Array, callNumber: number): void {
  undoCall(registers, callNumber)
  registers[RIP] = BigInt.asUintN(64, registers[RIP] - SYSCALL_BYTES)
}

/** Bit 1 and IF, which eflags always has. */
const INITIAL_EFLAGS = 0x202n

export function initialRegisters(start: number, stackPointer: number): BigUint64Array {
  const registers = new BigUint64Array(REGISTER_COUNT)
  registers[RIP] = BigInt(start)
  registers[RSP] = BigInt(stackPointer)
  registers[EFLAGS] = INITIAL_EFLAGS
  registers[CS] = USER_CS
  registers[SS] = USER_DS
  return registers
}
