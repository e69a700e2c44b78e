// What the sentry asks of a thread's registers by their roles: the same on every architecture.

/** Indexes in Context.readRegisters(). */
export interface RegisterRoles {
  readonly stackPointer: number
  readonly threadPointer: number
  readonly programCounter: number
  readonly callResult: number
}

export interface RegisterAccess {
  stackPointer(registers: BigUint64Array): number
  setStackPointer(registers: BigUint64Array, address: number): void
  setThreadPointer(registers: BigUint64Array, address: number): void
  programCounter(registers: BigUint64Array): number
  /** All 64 bits: programs of x86_64 also call the vsyscall page. */
  rawProgramCounter(registers: BigUint64Array): bigint
  setProgramCounter(registers: BigUint64Array, address: number): void
  /** What a system call returned, signed. */
  callResult(registers: BigUint64Array): bigint
  setCallResult(registers: BigUint64Array, result: number): void
}

export function accessOf(roles: RegisterRoles): RegisterAccess {
  const {stackPointer, threadPointer, programCounter, callResult} = roles
  const setter = (index: number) => (registers: BigUint64Array, value: number) => {
    registers[index] = BigInt(value)
  }
  return {
    stackPointer: (registers) => Number(registers[stackPointer]),
    setStackPointer: setter(stackPointer),
    setThreadPointer: setter(threadPointer),
    programCounter: (registers) => Number(registers[programCounter]),
    rawProgramCounter: (registers) => registers[programCounter],
    setProgramCounter: setter(programCounter),
    callResult: (registers) => BigInt.asIntN(64, registers[callResult]),
    setCallResult: setter(callResult),
  }
}
