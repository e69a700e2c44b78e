// An arm64 context that tests can look into: registers and a user_fpsimd_state.

import {PC, PSTATE, REGISTER_COUNT, SP, X0} from '../../../../src/arch/arm64/registers.ts'
import type {FakeProcessor} from '../fake-context.ts'

export const FP_BYTES = 528
/** N and C. */
export const FLAGS = 0xa000_0000n

export class FakeContext implements FakeProcessor {
  registers = new BigUint64Array(REGISTER_COUNT)
  fpState = new Uint8Array(FP_BYTES)
  result: number | undefined
  callNumber = 0

  constructor(stackPointer: number) {
    this.registers.forEach((_, index) => {
      this.registers[index] = BigInt(index + 1) * 0x0101_0101_0101_0101n
    })
    this.registers[SP] = BigInt(stackPointer)
    this.registers[PC] = 0x401000n
    this.registers[PSTATE] = FLAGS
    for (let index = 0; index < 520; index++) this.fpState[index] = index
  }

  setResult(result: number): void {
    this.result = result
    this.registers[X0] = BigInt.asUintN(64, BigInt(result))
  }
  get handlerArguments(): readonly [first: bigint, second: bigint] {
    return [this.registers[X0], this.registers[X0 + 1]]
  }
  set stackPointer(address: number) {
    this.registers[SP] = BigInt(address)
  }
  /** `ret` leaves the stack alone. */
  leaveHandler(): void {}
  readRegisters(): BigUint64Array {
    return this.registers.slice()
  }
  writeRegisters(registers: BigUint64Array): void {
    this.registers.set(registers)
  }
  readFpState(): Uint8Array {
    return this.fpState.slice()
  }
  writeFpState(state: Uint8Array): void {
    this.fpState.set(state)
  }
}
