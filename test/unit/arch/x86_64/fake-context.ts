// An x86_64 context that tests can look into: registers and an XSAVE area.

import {
  CS,
  EFLAGS,
  RAX,
  RDI,
  REGISTER_COUNT,
  RIP,
  RSI,
  RSP,
  SS,
  USER_CS,
  USER_DS,
} from '../../../../src/arch/x86_64/registers.ts'
import type {FakeProcessor} from '../fake-context.ts'

/** x87, SSE, AVX and AVX-512, as Intel lays them out. */
export const FP_BYTES = 2688

export class FakeContext implements FakeProcessor {
  registers = new BigUint64Array(REGISTER_COUNT)
  fpState = new Uint8Array(FP_BYTES)
  /** The result register, as setResult left it. */
  result: number | undefined
  callNumber = 0

  constructor(stackPointer: number) {
    this.registers.forEach((_, index) => {
      this.registers[index] = BigInt(index) * 0x0101_0101_0101_0101n
    })
    this.registers[RIP] = 0x401000n
    this.registers[RSP] = BigInt(stackPointer)
    this.registers[CS] = USER_CS
    this.registers[SS] = USER_DS
    this.registers[EFLAGS] = 0x202n
    for (let index = 0; index < FP_BYTES; index++) this.fpState[index] = index < 464 ? index : 0
    const view = new DataView(this.fpState.buffer)
    view.setUint32(24, 0x1f80, true)
    view.setUint32(28, 0xffff, true)
    view.setBigUint64(464, 0xe7n, true)
    view.setBigUint64(512, 0xe7n, true)
    this.fpState.fill(0x5a, 576)
  }

  setResult(result: number): void {
    this.result = result
    this.registers[RAX] = BigInt.asUintN(64, BigInt(result))
  }
  get handlerArguments(): readonly [first: bigint, second: bigint] {
    return [this.registers[RDI], this.registers[RSI]]
  }
  set stackPointer(address: number) {
    this.registers[RSP] = BigInt(address)
  }
  /** Does what the handler's `ret` does. */
  leaveHandler(): void {
    this.registers[RSP] += 8n
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
