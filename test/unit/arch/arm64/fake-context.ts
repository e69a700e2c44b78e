// A context of arm64 that tests can look into: registers and a user_fpsimd_state.

import {PC, PSTATE, REGISTER_COUNT, SP} from '../../../../src/arch/arm64/registers.ts'

export const FP_BYTES = 528
/** N and C. */
export const FLAGS = 0xa000_0000n

export class FakeContext {
  registers = new BigUint64Array(REGISTER_COUNT)
  fpState = new Uint8Array(FP_BYTES)

  constructor(stackPointer: number) {
    this.registers.forEach((_, index) => {
      this.registers[index] = BigInt(index + 1) * 0x0101_0101_0101_0101n
    })
    this.registers[SP] = BigInt(stackPointer)
    this.registers[PC] = 0x401000n
    this.registers[PSTATE] = FLAGS
    for (let index = 0; index < 520; index++) this.fpState[index] = index
  }

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
